"""One connection to a host's SSH port, as binary frames of a WebSocket: how a person's own ssh gets there."""

import msgspec

from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, RouteTable
from services.relay.domain.frames import carry
from services.relay.factory import Factory

routes = RouteTable("connections")


class ConnectionQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which host of which open session."""

    session: str
    host: str


@routes.get("/internal/connections", Exposure.INTERNAL, "host.connect", "Connect to a host", socket=True)
async def connect_to_host(call: Call[Factory, None, ConnectionQuery]) -> None:
    """Carry bytes between the WebSocket and the host until either side ends or the session does."""
    session = call.context.sessions.find(call.query.session)
    target = session.target(call.query.host) if session else None
    if session is None or target is None or not call.caller.scope().covers(session.terms.project_id):
        raise NotFound()
    await carry(session, target, call.socket)
