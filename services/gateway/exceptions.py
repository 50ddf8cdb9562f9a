"""What the gateway itself refuses; everything else is the answer of the service behind."""

from typing import Any

from services.chassis.errors import Forbidden, InvalidRequest, MethodNotAllowed, Problem, TooManyRequests


class WrongMethod(MethodNotAllowed):
    """The address exists with other methods; ``allowed`` names them (RFC 9110, section 15.5.6)."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__("This address does not take this method.", headers={"Allow": ", ".join(allowed)})


class KeyMissing(InvalidRequest):
    """A creating request came without ``Idempotency-Key``."""

    slug = "idempotency-key-missing"

    def __init__(self) -> None:
        super().__init__(
            "The header Idempotency-Key is missing.",
            hint="Send a fresh random text with each new request and the same one with a repetition.",
        )


class KeyMalformed(InvalidRequest):
    """``Idempotency-Key`` is not 1 to 255 printable ASCII characters."""

    slug = "idempotency-key-malformed"

    def __init__(self) -> None:
        super().__init__(
            "The header Idempotency-Key is not valid.", hint="Use 1 to 255 printable ASCII characters, such as a UUID."
        )


class KeyReused(InvalidRequest):
    """The key was used within the last day for another request."""

    slug = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used for another request.",
            hint="Send a fresh key with each new request; repeat a request only as it was.",
        )


class StillRunning(Problem):
    """The same request is being answered right now."""

    slug = "request-in-progress"
    status = 409
    title = "The same request is still running"

    def __init__(self, retry_seconds: int) -> None:
        super().__init__(
            "A request with this Idempotency-Key is still being answered.",
            hint="Repeat it after the seconds that Retry-After says.",
            headers={"Retry-After": str(retry_seconds)},
        )


class NotRepeated(Forbidden):
    """The request was answered before, and whoever repeats it may not do now what that answer was given for."""

    def __init__(self) -> None:
        super().__init__(
            "This request was answered before; its answer is not repeated, since you may do less now.",
            hint="Read the state of what you asked for, or use the credential that asked first.",
        )


class Interrupted(Problem):
    """A service went away after it had taken the request; what it did is not known."""

    slug = "bad-gateway"
    status = 502
    title = "A part of the platform went away"

    def __init__(self, service: str, **context: Any) -> None:
        super().__init__(
            f"{service} went away before it had answered.",
            hint="Read the state first; a request with an Idempotency-Key can simply be repeated.",
            **context,
        )


class TooManyStreams(TooManyRequests):
    """One credential has as many open streams as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"You have {most} open streams already.", hint="Close one.", headers={"Retry-After": "5"})


class BadRequest(Problem):
    """What came is not HTTP as RFC 9112 has it."""

    slug = "bad-request"
    status = 400
    title = "The request can't be read"

    def __init__(self) -> None:
        super().__init__("The request line or a header can't be read.")
