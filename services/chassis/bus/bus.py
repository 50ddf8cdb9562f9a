"""Publish events and have them delivered: RabbitMQ, one topic exchange for all services."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractExchange

from services.chassis.bus.consumer import Consumer, Handler
from services.chassis.bus.event import Event, encode
from services.chassis.bus.link import FAILURES, Link
from services.chassis.bus.queues import Durable, Ephemeral, declare_exchange
from services.chassis.bus.settings import BusSettings


class BusUnavailable(ConnectionError):
    """The broker did not confirm in time; the event may or may not have arrived."""


class Bus:
    """A service's two connections: one publishes, one consumes, so that a slow consumer never blocks a publisher."""

    def __init__(self, settings: BusSettings, *, service: str) -> None:
        self._settings = settings
        self._service = service
        self._publishing = Link(settings, "publishing", self._set_up_publishing)
        self._consuming = Link(settings, "consuming", self._set_up_consuming)
        self._consumers: list[Consumer] = []
        self._exchange: AbstractExchange | None = None

    async def start(self) -> None:
        """Connect. Returns after the connect time-out even when the broker is away: it is tried for ever."""
        self._publishing.start()
        self._consuming.start()
        await asyncio.gather(*(link.wait_up(self._settings.connect_timeout_seconds) for link in self._links()))

    async def stop(self) -> None:
        """Take no more events, let running handlers end within the grace time, disconnect."""
        await asyncio.gather(*(one.stop(self._settings.stop_grace_seconds) for one in self._consumers))
        await asyncio.gather(*(link.stop() for link in self._links()))

    def health(self) -> str | None:
        """None when both connections are up, else a sentence for ``/readyz``."""
        return next((problem for link in self._links() if (problem := link.health())), None)

    async def publish(self, event: Event) -> None:
        """Return when the broker has confirmed. Raises BusUnavailable."""
        try:
            async with asyncio.timeout(self._settings.publish_timeout_seconds):
                await self._publishing.wait_up(self._settings.publish_timeout_seconds)
                await self._send(event)
        except FAILURES as error:
            reason = f"{type(error).__name__}: {error}"
            raise BusUnavailable(f"{event.type} for {event.subject} was not confirmed ({reason}).") from error

    async def consume(
        self, patterns: Sequence[str], handler: Handler, *, suffix: str = "", in_order: bool = False
    ) -> None:
        """Handle each event whose type matches a pattern once per service, whichever process takes it.

        The queue is named for the service (and ``suffix``), outlives the process and keeps what it cannot handle in
        ``<queue>.dead``. ``in_order`` gives it to one process at a time, so that subjects keep their order.
        """
        name = f"{self._service}.{suffix}" if suffix else self._service
        queue = Durable(name, tuple(patterns), self._settings.delivery_limit, in_order)
        await self._add(Consumer(queue, handler, self._settings))

    async def subscribe(
        self, patterns: Sequence[str], handler: Handler, *, on_gap: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Handle each matching event in every process that subscribes; none is kept while a process is away.

        ``on_gap`` is called after every (re)connection, when events may have been missed: empty the cache, pull.
        """
        await self._add(Consumer(Ephemeral(tuple(patterns)), handler, self._settings, on_gap))

    async def _add(self, consumer: Consumer) -> None:
        """Take part from the next connection on; a running connection is renewed for it."""
        self._consumers.append(consumer)
        if self._consuming.started:
            self._consuming.drop("a consumer was added")
            await consumer.wait_attached(self._settings.connect_timeout_seconds)

    async def _send(self, event: Event) -> None:
        if self._exchange is None:
            raise ConnectionError("not connected")
        message = aio_pika.Message(
            encode(event),
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=event.id,
            type=event.type,
            app_id=event.source,
            timestamp=event.at,
            headers={"traceparent": event.traceparent} if event.traceparent else None,
        )
        await self._exchange.publish(message, event.type, mandatory=False)

    async def _set_up_publishing(self, connection: AbstractConnection) -> None:
        channel = await connection.channel(publisher_confirms=True)
        self._publishing.tie(channel)
        self._exchange = await declare_exchange(channel, self._settings.exchange)

    async def _set_up_consuming(self, connection: AbstractConnection) -> None:
        for consumer in self._consumers:
            channel = await connection.channel(publisher_confirms=False)
            self._consuming.tie(channel)
            await consumer.attach(channel)

    def _links(self) -> tuple[Link, Link]:
        return self._publishing, self._consuming
