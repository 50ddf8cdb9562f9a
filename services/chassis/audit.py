"""Refusals are told to authz, which keeps the audit record. They travel by the bus, behind the request's back."""

import asyncio

from services.chassis.auth.caller import Caller
from services.chassis.bus import Bus, BusUnavailable, Event, new_event
from services.chassis.errors import Problem
from services.chassis.log import get_logger
from services.chassis.routing import Route

log = get_logger("chassis.audit")
_WAITING = 10_000


class Refusals:
    """A bounded queue of refusals on their way; a full one drops the newest and counts what it dropped."""

    def __init__(self, service: str, bus: Bus | None) -> None:
        self._service = service
        self._bus = bus
        self._queue: asyncio.Queue[Event] = asyncio.Queue(_WAITING)
        self._interrupted: Event | None = None
        self.dropped = 0

    def note(self, route: Route, caller: Caller, problem: Problem) -> None:
        """Take note of one refused request; returns at once."""
        data = {
            "route": f"{route.method} {route.path}",
            "permission": route.permission,
            "chain": list(caller.chain),
            "status": problem.status,
            "code": problem.slug,
            "detail": problem.detail,
        }
        project = problem.context.get("project_id")
        event = new_event(
            "audit.refused", source=self._service, subject=caller.subject or "nobody", project_id=project, data=data
        )
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self.dropped += 1
            log.warning("audit.dropped", dropped=self.dropped)

    async def run(self) -> None:
        """Publish what was noted, until cancelled; waits through a broker that is away."""
        while self._bus:
            event = await self._queue.get()
            try:
                await self._publish(self._bus, event)
            except asyncio.CancelledError:
                self._interrupted = event
                raise

    async def flush(self, seconds: float) -> None:
        """Publish what is left when ``run`` has ended, for at most ``seconds``."""
        left = [self._interrupted] if self._interrupted else []
        while not self._queue.empty():
            left.append(self._queue.get_nowait())
        if not self._bus or not left:
            return
        try:
            async with asyncio.timeout(seconds):
                for event in left:
                    await self._publish(self._bus, event)
        except TimeoutError:
            log.warning("audit.lost", at_most=len(left))

    @staticmethod
    async def _publish(bus: Bus, event: Event) -> None:
        while True:
            try:
                return await bus.publish(event)
            except BusUnavailable as error:
                log.warning("audit.waiting", error=repr(error))
                await asyncio.sleep(1.0)
