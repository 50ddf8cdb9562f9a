"""A small service with a route for each way in which a request can go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from services.chassis import deadline, trace
from services.chassis.config import ServiceSettings
from services.chassis.context import Process
from services.chassis.errors import Conflict, NotFound
from services.chassis.log import get_logger
from services.chassis.routing import Call, Exposure, Page, Paging, Reply, RouteTable
from services.chassis.service import Service
from services.chassis.testing.sample.schema import SCHEMA
from services.contracts.body import Body, Name

log = get_logger("desk")


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """Nothing of its own."""


@dataclass
class Desk:
    """What handlers work with; ``forwarded`` is what the sibling was sent, ``entered`` is set by a slow handler."""

    process: Process
    letters: dict[str, str] = field(default_factory=lambda: {"let_1": "prj_a", "let_2": "prj_b"})
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    streaming: asyncio.Event = field(default_factory=asyncio.Event)
    stream_ended: asyncio.Event = field(default_factory=asyncio.Event)


class Letter(msgspec.Struct, frozen=True):
    """A letter in its project."""

    id: str
    project_id: str


class WriteLetter(Body, frozen=True):
    """A new letter."""

    project: str
    name: Name
    copies: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    password: str | None = None


class LetterFilter(Paging, frozen=True, kw_only=True):
    """Narrow the list."""

    project: str | None = None


class Seen(msgspec.Struct, frozen=True):
    """What a handler sees of its request."""

    subject: str
    chain: list[str]
    seconds_left: float
    trace_id: str
    path: dict[str, str]


routes = RouteTable("letters")


@routes.get("/v1/letters", Exposure.PUBLIC, "project.read", "List letters")
async def list_letters(call: Call[Desk, None, LetterFilter]) -> Page[Letter]:
    """Return those of the caller's projects."""
    scope = call.caller.scope()
    return Page([Letter(id, project) for id, project in call.context.letters.items() if scope.covers(project)])


@routes.get("/v1/letters/{letter_id}", Exposure.PUBLIC, "project.read", "Show a letter")
async def show_letter(call: Call[Desk, None, None]) -> Reply[Letter]:
    """Show one."""
    project = call.context.letters.get(call.path["letter_id"])
    if project is None or not call.caller.scope().covers(project):
        raise NotFound()
    return Reply(Letter(call.path["letter_id"], project), etag="v1")


@routes.post("/v1/letters", Exposure.PUBLIC, "project.manage", "Write a letter", needs_idempotency_key=True)
async def write_letter(call: Call[Desk, WriteLetter, None]) -> Letter:
    """Write one."""
    call.caller.require(call.body.project)
    return Letter("let_new", call.body.project)


@routes.delete("/v1/letters/{letter_id}", Exposure.PUBLIC, "project.manage", "Burn a letter")
async def burn_letter(call: Call[Desk, None, None]) -> None:
    """Burn one, unless it was sealed; what it said stays out of the answer."""
    raise Conflict("It is sealed.", status="shadow", code="shadow", event="shadow", api_token="s3cret-in-context")


@routes.post("/v1/blots", Exposure.PUBLIC, "project.read", "Fail")
async def blot(call: Call[Desk, WriteLetter, None]) -> None:
    """Fail as a bug would."""
    raise KeyError("an inner detail that nobody outside may see")


@routes.get("/v1/slow", Exposure.PUBLIC, "project.read", "Wait until told to leave")
async def wait_long(call: Call[Desk, None, None]) -> Seen:
    """Answer when ``leave`` is set."""
    call.context.entered.set()
    await call.context.leave.wait()
    return _seen(call)


@routes.get("/v1/impatient", Exposure.PUBLIC, "project.read", "Give up on something by its own limit")
async def give_up(call: Call[Desk, None, None]) -> None:
    """Run into a time-out of the handler's own."""
    async with asyncio.timeout(0):
        await asyncio.sleep(1)


@routes.get("/v1/stored", Exposure.PUBLIC, "project.read", "Ask the database")
async def ask_database(call: Call[Desk, None, None]) -> None:
    """Open a transaction."""
    async with call.context.process.database.unscoped():
        pass


@routes.get("/v1/stream", Exposure.PUBLIC, "project.read", "Stream for ever", stream=True)
async def stream_for_ever(call: Call[Desk, None, None]) -> None:
    """Send how many seconds the request has left, then wait for ever."""
    response = await call.request.respond(content_type="text/event-stream")
    await response.send(f"data: {deadline.remaining(999)}\n\n")
    call.context.streaming.set()
    try:
        await asyncio.Event().wait()
    finally:
        call.context.stream_ended.set()


@routes.get("/internal/seen/{name}", Exposure.INTERNAL, None, "Show what is seen", callers=("clerk",))
async def show_seen(call: Call[Desk, None, None]) -> Seen:
    """Show the request as a handler sees it."""
    return _seen(call)


@routes.get("/v1/forwarded", Exposure.PUBLIC, "project.read", "Ask the sibling")
async def forward(call: Call[Desk, None, None]) -> Seen:
    """Ask the sibling in the caller's name."""
    return await call.context.process.client("desk").call("GET", "/internal/seen/x", Seen, authority=call.caller)


@routes.get("/v1/open", Exposure.PUBLIC, None, "Say hello to anybody", open=True)
async def greet(call: Call[Desk, None, None]) -> Seen:
    """Greet."""
    return _seen(call)


def _seen(call: Call[Any, Any, Any]) -> Seen:
    span = trace.current()
    seconds, chain = deadline.remaining(999), list(call.caller.chain)
    return Seen(call.caller.subject, chain, seconds, span.trace_id if span else "", call.path)


@asynccontextmanager
async def open_context(process: Process) -> AsyncIterator[Desk]:
    """One desk."""
    yield Desk(process)


def service(name: str = "desk", **changes: Any) -> Service[Settings, Desk]:
    """Return the service; ``changes`` replace what it is made of."""
    made: dict[str, Any] = {"tables": (routes,), "context": open_context, "schema": SCHEMA, **changes}
    return Service(name=name, summary="Letters on a desk", settings=Settings, **made)
