"""The one exception that every emulated API turns into its own error body."""

from collections.abc import Mapping


class ApiError(Exception):
    """A refusal that the client sees.

    status: the HTTP status. kind: what the API calls it (Neutron's and Heat's `type`).
    headers: extra response headers.
    """

    def __init__(self, status: int, message: str, kind: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.headers = dict(headers or {})


def bad_request(message: str, kind: str = "BadRequest") -> ApiError:
    """400: the request makes no sense."""
    return ApiError(400, message, kind)


def forbidden(message: str, kind: str = "Forbidden") -> ApiError:
    """403: the caller may not."""
    return ApiError(403, message, kind)


def not_found(message: str, kind: str = "NotFound") -> ApiError:
    """404: no such thing, or not for this caller."""
    return ApiError(404, message, kind)


def conflict(message: str, kind: str = "Conflict") -> ApiError:
    """409: the thing's state does not allow it."""
    return ApiError(409, message, kind)
