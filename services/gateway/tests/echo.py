"""A service to stand behind the door in tests: it says what it was asked, streams, and converses."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from services.chassis.config import ServiceSettings
from services.chassis.context import Process
from services.chassis.errors import NotFound, Unavailable
from services.chassis.routing import Call, Exposure, Page, Paging, Reply, RouteTable
from services.chassis.service import Service
from services.contracts.body import Body


class Thing(msgspec.Struct, frozen=True):
    """What the echo answers: the request as it came."""

    id: str
    subject: str
    headers: dict[str, str]
    body: str


class NewThing(Body, frozen=True):
    """A body; ``fail`` asks for a failure."""

    project: str
    name: str = "thing"
    fail: str | None = None
    secret: bool = False
    seconds: float = 0.0


@dataclass
class Echo:
    """What the echo remembers."""

    created: list[str] = field(default_factory=list)
    streams: int = 0


routes = RouteTable("things")


@routes.get("/v1/things", Exposure.PUBLIC, "cluster.read", "List things")
async def list_things(call: Call[Echo, None, Paging]) -> Page[str]:
    """List what was created."""
    return Page(list(call.context.created))


@routes.get("/v1/things/{thing_id}", Exposure.PUBLIC, "cluster.read", "Show a thing")
async def show_thing(call: Call[Echo, None, None]) -> Thing:
    """Show a thing of the caller's projects."""
    project = call.path["thing_id"]
    if not call.caller.scope().covers(project):
        raise NotFound()
    return Thing(project, call.caller.subject, dict(call.request.headers.items()), "")


@routes.post("/v1/things", Exposure.PUBLIC, "cluster.create", "Create a thing", needs_idempotency_key=True)
async def create_thing(call: Call[Echo, NewThing, None]) -> Reply[Thing]:
    """Create a thing, slowly or not at all if asked so."""
    call.caller.require(call.body.project)
    await asyncio.sleep(call.body.seconds)
    if call.body.fail == "unavailable":
        raise Unavailable("Not now.")
    call.context.created.append(call.body.name)
    if call.body.fail == "crash":
        raise RuntimeError("planned")
    thing = Thing(f"thing_{len(call.context.created)}", call.caller.subject, {}, call.body.name)
    return Reply(thing, headers={"Cache-Control": "no-store"} if call.body.secret else {})


@routes.post("/v1/things/large", Exposure.PUBLIC, "cluster.create", "Take much", body_bytes=3_000_000)
async def take_much(call: Call[Echo, NewThing, None]) -> Thing:
    """Say how long the name is."""
    return Thing("large", call.caller.subject, {}, str(len(call.body.name)))


@routes.post(
    "/v1/things/raw", Exposure.PUBLIC, "cluster.create", "Take bytes", needs_idempotency_key=True, body_bytes=3_000_000
)
async def take_bytes(call: Call[Echo, bytes, None]) -> Thing:
    """Say what came by its digest."""
    call.context.created.append("raw")
    return Thing("raw", call.caller.subject, {}, hashlib.sha256(call.body).hexdigest())


@routes.get("/v1/things/{thing_id}/blob", Exposure.PUBLIC, "cluster.read", "Download much")
async def download_blob(call: Call[Echo, None, None]) -> Page[str]:
    """Answer some megabytes."""
    return Page(["x" * 1000] * 5000)


@routes.get("/v1/things/{thing_id}/stream", Exposure.PUBLIC, "cluster.read", "Follow a thing", stream=True)
async def follow_thing(call: Call[Echo, None, None]) -> None:
    """Send a line each 50 ms until the client goes."""
    response = await call.request.respond(content_type="text/event-stream")
    call.context.streams += 1
    try:
        for number in range(10_000):
            await response.send(f"id: {number}\ndata: {call.request.headers.get('Last-Event-ID')}\n\n")
            await asyncio.sleep(0.05)
    finally:
        call.context.streams -= 1


@routes.get("/v1/things/{thing_id}/connect", Exposure.PUBLIC, "cluster.connect", "Converse", socket=True)
async def connect_thing(call: Call[Echo, None, None]) -> None:
    """Send back what comes; close when told."""
    call.context.streams += 1
    try:
        while True:
            message = await call.socket.recv()
            if message == "close":
                await call.socket.close(4001, "as you like")
                return
            await call.socket.send(message)
    finally:
        call.context.streams -= 1


@routes.get("/v1/machines", Exposure.OPERATOR, "operation.control", "List machines")
async def list_machines(call: Call[Echo, None, None]) -> Page[str]:
    """List nothing."""
    return Page([])


@routes.get("/internal/things", Exposure.INTERNAL, None, "Inside", callers=("gateway",))
async def inside(call: Call[Echo, None, None]) -> Page[str]:
    """A route that no listener has."""
    return Page([])


@routes.post("/v1/sessions", Exposure.PUBLIC, None, "Log in", open=True)
async def log_in(call: Call[Echo, NewThing, None]) -> Thing:
    """A route that anybody may call."""
    return Thing("open", call.caller.subject, dict(call.request.headers.items()), call.body.name)


@asynccontextmanager
async def _open(_process: Process) -> AsyncIterator[Echo]:
    yield Echo()


SERVICE: Service[Any, Any] = Service(
    name="cluster", summary="An echo.", settings=ServiceSettings, tables=(routes,), context=_open
)
