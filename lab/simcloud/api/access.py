"""The token check in front of every API but Keystone's log-in."""

from collections.abc import Callable
from typing import Any

from sanic import HTTPResponse, Request, Sanic

from lab.simcloud.api.app import answer
from lab.simcloud.caller import Caller
from lab.simcloud.errors import ApiError

Validate = Callable[[str], Caller | None]
UNAUTHENTICATED = "The request you have made requires authentication."
UNVERIFIED = (
    "This server could not verify that you are authorized to access the document you requested. Either you supplied "
    "the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials "
    "required."
)


def require_token(
    app: Sanic[Any, Any],
    validate: Validate,
    keystone_url: str,
    public: Callable[[Request], bool],
    *,
    delayed: bool = False,
) -> None:
    """Refuses requests without a valid token, except where `public` says that none is needed.

    The refusal is keystonemiddleware's, which stands before every service and knows nothing of their own errors;
    delayed: the service's own, where the middleware is told to leave it to the service (`delay_auth_decision`).
    """

    headers = {"WWW-Authenticate": f'Keystone uri="{keystone_url}"'}

    async def check(request: Request) -> HTTPResponse | None:
        token = request.headers.get("X-Auth-Token")
        caller = validate(token) if token else None
        request.ctx.caller = caller
        if caller is None and not public(request):
            if delayed:
                raise ApiError(401, UNVERIFIED, "Unauthorized", headers)
            body = {"error": {"code": 401, "title": "Unauthorized", "message": UNAUTHENTICATED}}
            return answer(body, 401, headers)
        return None

    app.register_middleware(check, "request")


def caller_of(request: Request) -> Caller:
    """The caller, on a route that needs a token."""
    caller = request.ctx.caller
    if not isinstance(caller, Caller):
        raise ApiError(401, UNAUTHENTICATED, "Unauthorized")
    return caller


def token_of(request: Request) -> str:
    """The token that a request came with."""
    return str(request.headers.get("X-Auth-Token", ""))


def project_of(request: Request, denied: str) -> str:
    """The project of a project-scoped caller; 403 with the text `denied` for other scopes."""
    caller = caller_of(request)
    if caller.project_id is None:
        raise ApiError(403, denied, "Forbidden")
    return caller.project_id
