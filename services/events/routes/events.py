"""History and live streams."""

import re
from typing import Annotated

import msgspec

from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, Page, Paging, RouteTable
from services.contracts.event import RecordedEvent
from services.events.factory import Context
from services.events.routes.stream import Stream
from services.events.storage import history
from services.events.storage.history import Wanted

routes = RouteTable("events")
_PROJECT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_Number = Annotated[int, msgspec.Meta(ge=0)]


class EventFilter(Paging, frozen=True, kw_only=True):
    """``type`` may end in ``.*`` for all below it; ``after`` gives what came later, the oldest first."""

    project: str
    subject: str | None = None
    type: str | None = None
    after: _Number | None = None


class StreamFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``after`` is where to begin, for clients that can't send ``Last-Event-ID``; without either, now."""

    project: str
    subject: str | None = None
    type: str | None = None
    after: _Number | None = None


@routes.get("/v1/events", Exposure.PUBLIC, "event.read", "List what happened")
async def list_events(call: Call[Context, None, EventFilter]) -> Page[RecordedEvent]:
    """List the events of a project, the newest first; with ``after``, the oldest first."""
    query = call.query
    project = _project(call, query.project)
    async with call.context.db.project(project) as tx:
        wanted = Wanted(query.subject, query.type)
        items, cursor = await history.page(
            tx, project, wanted, after=query.after, limit=query.limit, cursor=query.cursor
        )
    return Page(items, cursor)


@routes.get("/v1/events/stream", Exposure.PUBLIC, "event.read", "Follow what happens", stream=True)
async def stream_events(call: Call[Context, None, StreamFilter]) -> None:
    """Follow a project as server-sent events: the id is the event's number, the data the event.

    With ``Last-Event-ID`` (or ``after``) nothing is missed. When that is too old or unknown, an event ``reset`` says
    so first: read the state anew, then go on with what follows.
    """
    query = call.query
    project = _project(call, query.project)
    presented = call.request.headers.get("Last-Event-ID") or (None if query.after is None else str(query.after))
    await Stream(call.context, project, Wanted(query.subject, query.type), presented).run(call.request, call.caller)


def _project(call: Call[Context, None, EventFilter] | Call[Context, None, StreamFilter], project_id: str) -> str:
    """Return the project if the caller may see its events; another's is not there."""
    if not _PROJECT.fullmatch(project_id) or not call.caller.scope().covers(project_id):
        raise NotFound(project_id=project_id)
    return project_id
