"""The ways out of the cluster service's worker, watched: which step is calling whom, and what happens to the call."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any, Protocol, TypeVar

import httpx
import msgspec
from heatclient import exc as heat_errors
from sqlalchemy import select

from services.chassis.bus import Bus, Event, Handler
from services.chassis.cloud import CloudThreads
from services.chassis.db import Database
from services.chassis.saga import Moment
from services.chassis.saga.tables import OPERATION
from tests.faults.armed import Armed, Place
from tests.faults.matrix import EVENTS, NUDGES

T = TypeVar("T")
_CHANGES_AT_THE_CLOUD = frozenset({"create", "update", "delete"})
_LOOKS = frozenset({"POST health"})
"""Calls that only look, though they are posts."""
_FIRST_USE = {"POST projects clouds alpha credential": "enter_cloud"}
"""Calls that make something in one step; the others ask again for what is there, if they don't remember it."""
_BETWEEN_STEPS = 5
"""Of the statements of no step (leases, looks, what waits to be published) one in so many counts; most are those."""
_TRIES = 3
"""How often chassis's client tries what it may repeat: a server that refuses refuses them all."""
_LATE_SECONDS = 10.0
_AWAY, _BROKEN = 503, 500
_at_work: ContextVar[Moment | None] = ContextVar("at_work", default=None)


class Way(Protocol[T]):
    """One call on its way out, and what can happen to it."""

    name: str
    tries: int

    async def send(self) -> T:
        """Make the call and return its answer."""

    async def time_out(self) -> T:
        """End as a call does that is not answered in time."""

    async def refuse(self, status: int) -> T:
        """End as a call does that is answered with ``status``."""

    def again(self) -> str:
        """Make the same call once more, now; returns what was answered."""


class Watcher:
    """Takes the engine's moments and the outside calls of the same task to ``armed``."""

    def __init__(self, armed: Armed) -> None:
        self.armed = armed
        self._last: dict[Moment, Way[Any]] = {}
        self._refusing: dict[str, int] = {}
        self._between = 0

    def __call__(self, moment: Moment) -> None:
        """See a moment of the engine's."""
        _at_work.set(moment)
        if moment.point == "begun":
            return
        point = "reply" if moment.point == "returned" else "commit"
        place = Place(moment.saga, moment.phase, moment.step, point)
        if self.armed.come_to(place) == "duplicate":
            self.armed.note(place, self._last[msgspec.structs.replace(moment, point="begun")].again())

    def see_statement(self, *_: Any) -> None:
        """See that a statement goes to the database, or was answered: then its transaction may be to be committed."""
        moment = _at_work.get()
        if moment is not None:
            self.armed.countdown.tick(f"{moment.saga}~{moment.phase}~{moment.step}~database")
            return
        self._between += 1
        if self._between % _BETWEEN_STEPS == 0:
            self.armed.countdown.tick("~~~database")

    async def pass_through(self, way: Way[T]) -> T:
        """Make a call, with what is to happen to it."""
        moment = _at_work.get()
        if moment is None or moment.point != "begun" or _FIRST_USE.get(way.name, moment.step) != moment.step:
            return await way.send()
        self._last[moment] = way
        if self._refusing.get(way.name):
            self._refusing[way.name] -= 1
            return await way.refuse(_AWAY)
        place = Place(moment.saga, moment.phase, moment.step, "before", way.name)
        fault = self.armed.come_to(place)
        if fault == "time-out":
            return await way.time_out()
        if fault == "5xx":
            self._refusing[way.name] = way.tries - 1
            return await way.refuse(_AWAY)
        answer = await (self._twice_at_once(place, way) if fault == "duplicate" else way.send())
        return await self._answered(place._replace(point="effect"), way, answer)

    async def _answered(self, place: Place, way: Way[T], answer: T) -> T:
        fault = self.armed.come_to(place)
        if fault == "time-out":
            return await way.time_out()
        if fault == "5xx":
            return await way.refuse(_BROKEN)
        if fault == "duplicate":
            self.armed.note(place, await asyncio.to_thread(way.again))
        return answer

    async def _twice_at_once(self, place: Place, way: Way[T]) -> T:
        first, second = await asyncio.gather(way.send(), way.send(), return_exceptions=True)
        self.armed.note(place, f"answered {second!r}")
        if isinstance(first, BaseException):
            raise first
        return first


class Request:
    """A request to a sibling."""

    tries = _TRIES

    def __init__(self, name: str, inner: httpx.AsyncBaseTransport, request: httpx.Request) -> None:
        self.name = name
        self._inner = inner
        self._request = request

    async def send(self) -> httpx.Response:
        answer = await self._inner.handle_async_request(self._request)
        await answer.aread()
        return answer

    async def time_out(self) -> httpx.Response:
        raise TimeoutError

    async def refuse(self, status: int) -> httpx.Response:
        return httpx.Response(status, text="planted", request=self._request)

    def again(self) -> str:
        sent = self._request
        content = {"content": sent.content} if sent.content else {}
        answer = httpx.request(sent.method, sent.url, headers=sent.headers, timeout=_LATE_SECONDS, **content)
        return f"answered {answer.status_code}"


class WatchedTransport(httpx.AsyncBaseTransport):
    """Requests to siblings; those that change something are watched."""

    def __init__(self, inner: httpx.AsyncBaseTransport, watcher: Watcher) -> None:
        self._inner = inner
        self._watcher = watcher

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        name = _name_of(request)
        if request.method == "GET" or name in _LOOKS:
            return await self._inner.handle_async_request(request)
        await request.aread()
        return await self._watcher.pass_through(Request(name, self._inner, request))

    async def aclose(self) -> None:
        await self._inner.aclose()


class CloudCall:
    """A call of one of OpenStack's clients; its session tries none again."""

    tries = 1

    def __init__(self, name: str, run: Callable[..., Any], call: Callable[[], Any]) -> None:
        self.name = name
        self._run = run
        self._call = call

    async def send(self) -> Any:
        return await self._run(self._call)

    async def time_out(self) -> Any:
        return await self._run(_raises(TimeoutError()))

    async def refuse(self, status: int) -> Any:
        kind = heat_errors.HTTPServiceUnavailable if status == _AWAY else heat_errors.HTTPInternalServerError
        return await self._run(_raises(kind("planted")))

    def again(self) -> str:
        try:
            return f"answered {self._call()!r}"
        except heat_errors.HTTPException as refused:
            return f"answered {refused.code}"


class WatchedThreads(CloudThreads):
    """Calls to the cloud; those that change something are watched."""

    def __init__(self, watcher: Watcher) -> None:
        super().__init__()
        self._watcher = watcher

    async def run(self, limit_seconds: float, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a call."""
        verb = call.__name__.strip("_")
        if verb not in _CHANGES_AT_THE_CLOUD:
            return await super().run(limit_seconds, call, *args, **kwargs)

        async def run(made: Callable[[], T]) -> T:
            return await super(WatchedThreads, self).run(limit_seconds, made)

        way = CloudCall(f"heat {verb}", run, lambda: call(*args, **kwargs))
        answer: T = await self._watcher.pass_through(way)
        return answer


class WatchedBus:
    """A service's bus; what it publishes of operations and what nudges them is watched, the rest is the bus's own."""

    def __init__(self, bus: Bus, armed: Armed, db: Database) -> None:
        self._bus = bus
        self._armed = armed
        self._db = db

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)

    async def publish(self, event: Event) -> None:
        """Publish an event; as a call of the way that its operation is on, and as the one that tells of a step."""
        data = event.data
        if "kind" not in data:
            await self._bus.publish(event)
            return
        way, again = Place(data["kind"], data["phase"], EVENTS, "before", "publish"), partial(self._bus.publish, event)
        await self._come_to(way, again)
        await self._bus.publish(event)
        await self._come_to(way._replace(point="effect"), again)
        if data.get("step") and "unit" in data and data["state"] == "done":
            await self._come_to(way._replace(step=data["step"], point="commit", call="event"), again)

    async def subscribe(self, patterns: Sequence[str], handler: Handler, **more: Any) -> None:
        """Have events handled; those that nudge operations are watched."""
        watched = self._nudging(handler) if "run.changed" in patterns else handler
        await self._bus.subscribe(patterns, watched, **more)

    def _nudging(self, handler: Handler) -> Handler:
        place = Place("cluster.build", "forward", NUDGES, "before", "nudge")

        async def handle(event: Event) -> None:
            if not await self._is_ours(event):
                return await handler(event)
            await self._come_to(place, partial(handler, event))
            await handler(event)
            return await self._come_to(place._replace(point="effect"), partial(handler, event))

        return handle

    async def _is_ours(self, event: Event) -> bool:
        """Tell whether an event is of an operation of this lane; all lanes hear all of them."""
        query = select(OPERATION.c.id).where(OPERATION.c.id == event.data.get("operation_id"))
        async with self._db.project(event.project_id or "none") as tx:
            return (await tx.execute(query)).one_or_none() is not None

    async def _come_to(self, place: Place, again: Callable[[], Awaitable[None]]) -> None:
        fault = self._armed.come_to(place)
        if fault == "time-out":
            raise TimeoutError
        if fault == "duplicate":
            await again()
            self._armed.note(place, "done")


def _raises(error: Exception) -> Callable[[], Any]:
    def call() -> Any:
        raise error

    return call


def _name_of(request: httpx.Request) -> str:
    """Return a request's method and the words of its path, without ids."""
    words = [word for word in request.url.path.split("/") if word.isalpha() and word != "internal"]
    return " ".join((request.method, *words))
