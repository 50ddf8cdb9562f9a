"""Take events from a queue and hand them to a handler, in order of each subject."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import msgspec
import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from services.chassis import trace
from services.chassis.bus.event import Event, decode
from services.chassis.bus.link import FAILURES
from services.chassis.bus.queues import Durable, Ephemeral, declare_exchange
from services.chassis.bus.settings import BusSettings
from services.chassis.db.transience import is_transient

_log = structlog.get_logger(room="bus")

Handler = Callable[[Event], Awaitable[None]]
_LONGEST_RETRY_SECONDS = 15.0


class Consumer:
    """One queue and its handler.

    The handler's return acknowledges. When it raises because a server is away, the event is tried again in place, for
    as long as it takes; for any other error it goes back to the queue, and to the dead letters at the delivery limit.
    """

    def __init__(
        self,
        queue: Durable | Ephemeral,
        handler: Handler,
        settings: BusSettings,
        on_gap: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._declaration = queue
        self._handler = handler
        self._settings = settings
        self._on_gap = on_gap
        self._running: set[asyncio.Task[None]] = set()
        self._turns = _Turns()
        self._attached: tuple[AbstractQueue, str] | None = None
        self._ever_attached = asyncio.Event()

    async def attach(self, channel: AbstractChannel) -> None:
        """Declare the queue on ``channel`` and begin to take events."""
        await channel.set_qos(prefetch_count=self._settings.prefetch)
        exchange = await declare_exchange(channel, self._settings.exchange)
        queue = await self._declaration.declare(channel, exchange)
        self._attached = (queue, await queue.consume(self._take))
        self._ever_attached.set()
        if self._on_gap is not None:
            await self._on_gap()

    async def wait_attached(self, timeout_seconds: float) -> None:
        """Wait until the first time that events are taken, or the time-out."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._ever_attached.wait()

    async def stop(self, grace_seconds: float) -> None:
        """Take no more, wait for running handlers, cancel those that last longer."""
        if self._attached is not None:
            queue, tag = self._attached
            with suppress(*FAILURES):
                await queue.cancel(tag)
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace_seconds)
            for task in late:
                task.cancel()

    async def _take(self, message: AbstractIncomingMessage) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            await self._process(message)
        except FAILURES as error:
            _log.info("bus.settled_by_broker", message=message.message_id, error=str(error))
        finally:
            self._running.discard(task)

    async def _process(self, message: AbstractIncomingMessage) -> None:
        try:
            event = decode(message.body)
        except msgspec.MsgspecError as error:
            _log.error("bus.not_an_event", message=message.message_id, error=str(error))
            await message.reject(requeue=False)
            return
        trace.begin(event.traceparent)
        async with self._turns.of(event.subject):
            try:
                await self._handle(event)
            except Exception:
                _log.exception("bus.handler_failed", event_id=event.id, event_type=event.type)
                await asyncio.sleep(self._settings.redelivery_delay_seconds)
                await message.nack(requeue=isinstance(self._declaration, Durable))
                return
        await message.ack()

    async def _handle(self, event: Event) -> None:
        delay = self._settings.redelivery_delay_seconds
        while True:
            try:
                await self._handler(event)
                return
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.warning("bus.handler_waits", event_id=event.id, error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(delay)
            delay = min(2 * delay, _LONGEST_RETRY_SECONDS)


class _Turns:
    """A first-come queue per subject, which exists while somebody is in it."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}

    @asynccontextmanager
    async def of(self, subject: str) -> AsyncIterator[None]:
        """Wait for the turn of ``subject``."""
        lock = self._locks.setdefault(subject, asyncio.Lock())
        self._waiting[subject] = self._waiting.get(subject, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._waiting[subject] -= 1
            if not self._waiting[subject]:
                del self._waiting[subject], self._locks[subject]
