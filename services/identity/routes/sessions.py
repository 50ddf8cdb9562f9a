"""Log in, log out."""

from services.chassis.errors import InvalidRequest
from services.chassis.routing import Call, Exposure, Reply, RouteTable
from services.contracts.identity import LogIn, Session
from services.identity.factory import Context

routes = RouteTable("sessions")
NOT_KEPT = {"Cache-Control": "no-store"}


@routes.post("/v1/sessions", Exposure.PUBLIC, None, "Log in", open=True)
async def log_in(call: Call[Context, LogIn, None]) -> Reply[Session]:
    """Exchange address and password for a session token, to be sent as `Authorization: Bearer …`."""
    return Reply(await call.context.sessions.open(call.body), headers=NOT_KEPT)


@routes.delete("/v1/sessions/current", Exposure.PUBLIC, "account.read", "Log out")
async def log_out(call: Call[Context, None, None]) -> None:
    """End the session that this request came with; it is good nowhere within a second."""
    caller = call.caller
    if not caller.credential_id or not await call.context.sessions.end(caller.subject, caller.credential_id):
        raise InvalidRequest(
            "This request came with an API token, not with a session.", hint="Revoke it: DELETE /v1/tokens/{token_id}."
        )
