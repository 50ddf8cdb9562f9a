"""Errors that a caller sees, as RFC 9457 problem documents.

A service's ``exceptions.py`` derives from :class:`Problem`: one class for one thing that can go wrong, with a stable
slug, a status, a public sentence that says what to do, and a private context that only the log sees.
"""

from typing import Any, ClassVar

import msgspec


class FieldProblem(msgspec.Struct, frozen=True):
    """One thing wrong with one place of a request.

    ``pointer`` is an RFC 6901 JSON pointer into the body, or ``?name`` for a query parameter.
    """

    pointer: str
    message: str
    hint: str | None = None


class ProblemDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every error answer (RFC 9457, media type ``application/problem+json``)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    hint: str | None = None
    errors: tuple[FieldProblem, ...] = ()
    request_id: str | None = None


class Problem(Exception):
    """A failure with a public face; subclasses set ``slug``, ``status`` and ``title``.

    ``context`` goes to the log and never to the caller.
    """

    slug: ClassVar[str] = "internal-error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"
    hint: ClassVar[str | None] = None

    def __init__(
        self,
        detail: str,
        *,
        hint: str | None = None,
        errors: tuple[FieldProblem, ...] = (),
        headers: dict[str, str] | None = None,
        **context: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint_text = hint or self.hint
        self.errors = errors
        self.headers = headers or {}
        self.context = context

    def log_fields(self) -> dict[str, Any]:
        """Return what the log says of it: the context, and over it the public words; never a logger's own ``event``."""
        said = {**self.context, "status": self.status, "code": self.slug, "detail": self.detail}
        said.pop("event", None)
        return said

    def document(self, request_id: str | None = None) -> ProblemDocument:
        """Return the public document; ``request_id`` is what a person quotes to support."""
        return ProblemDocument(
            type=f"urn:cloudpoint:problem:{self.slug}",
            title=self.title,
            status=self.status,
            code=self.slug,
            detail=self.detail,
            hint=self.hint_text,
            errors=self.errors,
            request_id=request_id,
        )


class InvalidRequest(Problem):
    """The body, a query parameter or a header is not what the route takes; ``errors`` names every place."""

    slug = "invalid-request"
    status = 422
    title = "The request is not valid"


class MalformedBody(Problem):
    slug = "malformed-body"
    status = 400
    title = "The body is not JSON"


class BadRequest(Problem):
    """What was sent can't be read as an HTTP request."""

    slug = "bad-request"
    status = 400
    title = "The request can't be read"


class BodyTooLarge(Problem):
    slug = "body-too-large"
    status = 413
    title = "The body is too large"


class NotAuthenticated(Problem):
    slug = "not-authenticated"
    status = 401
    title = "Who you are is not known"


class ClocksDiffer(NotAuthenticated):
    """What another service has just signed seems to be of another time: nobody's fault who asks, and it passes."""

    slug = "clocks-differ"
    status = 503
    title = "A machine of the platform has a wrong clock"


class Forbidden(Problem):
    slug = "forbidden"
    status = 403
    title = "You may not do this"


class NotFound(Problem):
    """The uniform 404: the same bytes for what does not exist and for what is another project's."""

    slug = "not-found"
    status = 404
    title = "Not found"

    def __init__(self, **context: Any) -> None:
        super().__init__("There is nothing here, or it is not yours to see.", **context)

    def document(self, request_id: str | None = None) -> ProblemDocument:
        """Return the document without a request id, so that all 404 answers are the same bytes."""
        return super().document(None)


class Conflict(Problem):
    slug = "conflict"
    status = 409
    title = "It conflicts with what is there"


class PreconditionFailed(Problem):
    slug = "precondition-failed"
    status = 412
    title = "It has changed since you read it"
    hint = "Read it again and send its new ETag as If-Match."


class TooManyRequests(Problem):
    slug = "too-many-requests"
    status = 429
    title = "Too many requests"


class Unavailable(Problem):
    """A part that this needs does not answer; trying again later is right."""

    slug = "unavailable"
    status = 503
    title = "A part of the platform does not answer"


class BadAnswer(Problem):
    """A part that this needs answered something else than it should."""

    slug = "bad-answer"
    status = 502
    title = "A part of the platform answered nonsense"


class DeadlineExceeded(Problem):
    slug = "deadline-exceeded"
    status = 504
    title = "It took too long"


class MethodNotAllowed(Problem):
    slug = "method-not-allowed"
    status = 405
    title = "This method is not for this address"


_AWAY = frozenset({Unavailable.slug, BadAnswer.slug, DeadlineExceeded.slug})


def is_away(error: BaseException) -> bool:
    """Say whether it is a service that does not answer, or makes no sense: no fault of what was asked of it."""
    return isinstance(error, Problem) and error.slug in _AWAY
