"""The token check in front of every API but Keystone's log-in."""

from collections.abc import Callable
from typing import Any

from sanic import Request, Sanic

from lab.simcloud.caller import Caller
from lab.simcloud.errors import ApiError

Validate = Callable[[str], Caller | None]


def require_token(
    app: Sanic[Any, Any], validate: Validate, keystone_url: str, public: Callable[[Request], bool]
) -> None:
    """Refuses requests without a valid token, except where `public` says that none is needed."""

    async def check(request: Request) -> None:
        token = request.headers.get("X-Auth-Token")
        caller = validate(token) if token else None
        if caller is None and not public(request):
            raise ApiError(
                401,
                "The request you have made requires authentication.",
                "Unauthorized",
                {"WWW-Authenticate": f'Keystone uri="{keystone_url}"'},
            )
        request.ctx.caller = caller

    app.register_middleware(check, "request")


def caller_of(request: Request) -> Caller:
    """The caller, on a route that needs a token."""
    caller = request.ctx.caller
    if not isinstance(caller, Caller):
        raise ApiError(401, "The request you have made requires authentication.", "Unauthorized")
    return caller


def project_of(request: Request, denied: str) -> str:
    """The project of a project-scoped caller; 403 with the text `denied` for other scopes."""
    caller = caller_of(request)
    if caller.project_id is None:
        raise ApiError(403, denied, "Forbidden")
    return caller.project_id
