"""Sessions of streams: open, list, close."""

from services.chassis.auth.caller import Caller
from services.chassis.errors import Forbidden, NotFound
from services.chassis.routing import Call, Exposure, RouteTable
from services.contracts.runs import OpenStreams, StreamHost, StreamList, StreamSession, StreamUse
from services.relay.domain.clouds import Target
from services.relay.domain.session import Session, Terms
from services.relay.factory import Factory
from services.relay.routes.names import check_hosts, check_session

routes = RouteTable("streams")


@routes.post("/internal/streams", Exposure.INTERNAL, "host.connect", "Open streams to hosts")
async def open_streams(call: Call[Factory, OpenStreams, None]) -> StreamSession:
    """Open one unix socket a host. Asking again with the same session closes the first one's connections."""
    body = call.body
    call.caller.require(body.project_id)
    _check_operation(call.caller, body.operation_id)
    check_session(body.session_id)
    check_hosts(body.hosts)
    session = await call.context.sessions.open(_terms(call), [target_of(host) for host in body.hosts])
    return StreamSession(session_id=body.session_id, folder=str(session.folder), expires_at=session.terms.expires_at)


@routes.get("/internal/streams", Exposure.INTERNAL, "host.connect", "List open sessions")
async def list_streams(call: Call[Factory, None, None]) -> StreamList:
    """List the sessions on the caller's projects: what for, whose, since when, how many bytes."""
    scope = call.caller.scope()
    return StreamList([_use(one) for one in call.context.sessions.all() if scope.covers(one.terms.project_id)])


@routes.delete("/internal/streams/{session_id}", Exposure.INTERNAL, "host.connect", "Close a session")
async def close_streams(call: Call[Factory, None, None]) -> None:
    """Close a session's sockets and drop its connections at once; one that is not open is fine."""
    session = call.context.sessions.find(call.path["session_id"])
    if session is None:
        return
    if not call.caller.scope().covers(session.terms.project_id):
        raise NotFound()
    await call.context.sessions.close(session.terms.session_id)


def _check_operation(caller: Caller, operation_id: str) -> None:
    """Raise Forbidden for a caller whose authority is for another operation."""
    if caller.operation_id and caller.operation_id != operation_id:
        raise Forbidden(f"You act for operation {caller.operation_id}, not for {operation_id}.")


def target_of(host: StreamHost) -> Target:
    """Return what is dialled for a host."""
    return Target(host.host_id, host.name, host.address, host.port)


def _terms(call: Call[Factory, OpenStreams, None]) -> Terms:
    body = call.body
    return Terms(
        session_id=body.session_id,
        project_id=body.project_id,
        purpose=body.purpose,
        holder=f"{call.caller.subject} by {call.caller.chain[-1] if call.caller.chain else 'nobody'}",
        operation_id=body.operation_id,
        cluster_id=body.cluster_id,
        cloud_id=body.cloud_id,
        expires_at=body.expires_at,
    )


def _use(session: Session) -> StreamUse:
    terms = session.terms
    return StreamUse(
        session_id=terms.session_id,
        project_id=terms.project_id,
        purpose=terms.purpose,
        holder=terms.holder,
        operation_id=terms.operation_id,
        cluster_id=terms.cluster_id,
        cloud_id=terms.cloud_id,
        opened_at=session.opened_at,
        expires_at=terms.expires_at,
        hosts=[target.name for target in session.targets],
        connections=session.connections,
        bytes_to_hosts=session.traffic.to_host,
        bytes_from_hosts=session.traffic.from_host,
    )
