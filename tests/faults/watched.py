"""The ways out of the cluster service's worker, watched: which step is calling whom, and whether it is answered yet."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

import httpx

from services.chassis.cloud import CloudThreads
from services.chassis.saga import Moment
from tests.faults.armed import Armed, Place

T = TypeVar("T")
_CHANGES_AT_THE_CLOUD = frozenset({"create", "update", "delete"})
_LOOKS = frozenset({"POST health"})
"""Calls that only look, though they are posts."""
_FIRST_USE = {"POST projects clouds alpha credential": "enter_cloud"}
"""Calls that make something in one step; the others ask again for what is there, if they don't remember it."""
_at_work: ContextVar[Moment | None] = ContextVar("at_work", default=None)


class Watcher:
    """Takes the engine's moments and the outside calls of the same task to ``armed``."""

    def __init__(self, armed: Armed) -> None:
        self._armed = armed

    def __call__(self, moment: Moment) -> None:
        """See a moment of the engine's."""
        _at_work.set(moment)
        if moment.point != "begun":
            point = "reply" if moment.point == "returned" else "commit"
            self._armed.come_to(Place(moment.saga, moment.phase, moment.step, point))

    def calling(self, point: str, call: str) -> None:
        """See a call of the step that works in this task, if one does."""
        moment = _at_work.get()
        if moment is not None and moment.point == "begun" and _FIRST_USE.get(call, moment.step) == moment.step:
            self._armed.come_to(Place(moment.saga, moment.phase, moment.step, point, call))


class WatchedTransport(httpx.AsyncBaseTransport):
    """Requests to siblings."""

    def __init__(self, inner: httpx.AsyncBaseTransport, watcher: Watcher) -> None:
        self._inner = inner
        self._watcher = watcher

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; one that changes something is seen before and after."""
        call = _name_of(request)
        if request.method == "GET" or call in _LOOKS:
            return await self._inner.handle_async_request(request)
        self._watcher.calling("before", call)
        response = await self._inner.handle_async_request(request)
        self._watcher.calling("effect", call)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class WatchedThreads(CloudThreads):
    """Calls to the cloud."""

    def __init__(self, watcher: Watcher) -> None:
        super().__init__()
        self._watcher = watcher

    async def run(self, limit_seconds: float, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a call; one that changes something is seen before and after."""
        verb = call.__name__.strip("_")
        if verb not in _CHANGES_AT_THE_CLOUD:
            return await super().run(limit_seconds, call, *args, **kwargs)
        self._watcher.calling("before", f"heat {verb}")
        answer = await super().run(limit_seconds, call, *args, **kwargs)
        self._watcher.calling("effect", f"heat {verb}")
        return answer


def _name_of(request: httpx.Request) -> str:
    """Return a request's method and the words of its path, without ids."""
    words = [word for word in request.url.path.split("/") if word.isalpha() and word != "internal"]
    return " ".join((request.method, *words))
