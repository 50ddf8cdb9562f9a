"""The exchanges and queues of the bus. Nothing here differs between RabbitMQ 3.10 and 4."""

from typing import Any

import msgspec
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue


async def declare_exchange(channel: AbstractChannel, name: str) -> AbstractExchange:
    """Declare the topic exchange that all events pass through."""
    return await channel.declare_exchange(name, ExchangeType.TOPIC, durable=True)


class Durable(msgspec.Struct, frozen=True):
    """A quorum queue that outlives the processes of its service, with a queue of dead letters."""

    name: str
    patterns: tuple[str, ...]
    delivery_limit: int
    in_order: bool

    async def declare(self, channel: AbstractChannel, exchange: AbstractExchange) -> AbstractQueue:
        """Declare queue, dead letters and bindings."""
        dead_exchange = await channel.declare_exchange(f"{exchange.name}.dead", ExchangeType.DIRECT, durable=True)
        dead = await channel.declare_queue(f"{self.name}.dead", durable=True, arguments={"x-queue-type": "quorum"})
        await dead.bind(dead_exchange, self.name)
        queue = await channel.declare_queue(self.name, durable=True, arguments=self._arguments(dead_exchange.name))
        for pattern in self.patterns:
            await queue.bind(exchange, pattern)
        return queue

    def _arguments(self, dead_exchange: str) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "x-queue-type": "quorum",
            "x-delivery-limit": self.delivery_limit,
            "x-dead-letter-exchange": dead_exchange,
            "x-dead-letter-routing-key": self.name,
        }
        return {**arguments, "x-single-active-consumer": True} if self.in_order else arguments


class Ephemeral(msgspec.Struct, frozen=True):
    """A queue of one connection, gone with it."""

    patterns: tuple[str, ...]

    async def declare(self, channel: AbstractChannel, exchange: AbstractExchange) -> AbstractQueue:
        """Declare a queue with a name of the broker's choice."""
        queue = await channel.declare_queue(exclusive=True, auto_delete=True)
        for pattern in self.patterns:
            await queue.bind(exchange, pattern)
        return queue
