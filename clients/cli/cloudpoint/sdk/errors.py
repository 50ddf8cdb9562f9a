"""What can go wrong with a call."""

import msgspec


class FieldProblem(msgspec.Struct, frozen=True):
    """One thing wrong with one place of a request (an RFC 6901 pointer, or ``?name``)."""

    pointer: str
    message: str
    hint: str | None = None


class ProblemDocument(msgspec.Struct, frozen=True):
    """RFC 9457, as Cloudpoint answers it."""

    title: str
    status: int
    detail: str
    code: str = "unknown"
    hint: str | None = None
    errors: tuple[FieldProblem, ...] = ()
    request_id: str | None = None


class ApiProblem(Exception):
    """The API said no; ``document`` says why and what to do, ``document.code`` is stable."""

    def __init__(self, document: ProblemDocument) -> None:
        super().__init__(document.detail)
        self.document = document

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.document.status


class ConnectionFailed(Exception):
    """The API can't be reached; the text says where it was looked for."""


class UnreadableAnswer(Exception):
    """The API answered something that this version of the client does not understand."""

    def __init__(self, method: str, path: str, cause: Exception) -> None:
        super().__init__(f"The answer to {method} {path} is not understood ({cause}). Is this client current?")


def problem_of(status: int, body: bytes) -> ApiProblem:
    """Return the problem in an error answer, or one made from its status if it holds none."""
    try:
        return ApiProblem(msgspec.json.decode(body, type=ProblemDocument))
    except msgspec.MsgspecError:
        text = body[:200].decode(errors="replace")
        return ApiProblem(ProblemDocument("The answer is no problem document", status, f"{status}: {text}"))
