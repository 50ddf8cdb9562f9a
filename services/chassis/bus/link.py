"""One connection to the broker that is made again whenever it is lost."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection

from services.chassis.bus.settings import BusSettings

_log = structlog.get_logger(room="bus")

SetUp = Callable[[AbstractConnection], Awaitable[None]]

FAILURES = (OSError, TimeoutError, aio_pika.exceptions.AMQPError, RuntimeError)
"""What the AMQP library raises when the broker is away or a connection is going down."""


class Link:
    """Keeps a connection of ``purpose``; ``set_up`` declares and consumes anew on each one."""

    def __init__(self, settings: BusSettings, purpose: str, set_up: SetUp) -> None:
        self._settings = settings
        self._purpose = purpose
        self._set_up = set_up
        self._task: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._down_since = time.monotonic()
        self._problem = "not started"
        self._connection: AbstractConnection | None = None
        self._closing: asyncio.Future[None] | None = None

    @property
    def started(self) -> bool:
        """Whether it connects, or tries to."""
        return self._task is not None

    def start(self) -> None:
        """Begin to connect, in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"bus {self._purpose}")

    async def stop(self) -> None:
        """Close the connection and connect no more."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    async def wait_up(self, timeout_seconds: float) -> bool:
        """Wait until the connection is there; False when it is not in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._up.wait()
        return self._up.is_set()

    def health(self) -> str | None:
        """None while connected, else a sentence."""
        if self._up.is_set():
            return None
        away = time.monotonic() - self._down_since
        return f"RabbitMQ ({self._purpose}) has been unreachable for {away:.0f} s: {self._problem}."

    def drop(self, problem: str) -> None:
        """Give up the present connection, so that a new one is made."""
        if self._connection is not None and not self._connection.is_closed:
            _log.info("bus.dropped", purpose=self._purpose, problem=problem)
            self._closing = asyncio.ensure_future(self._connection.close())

    async def _run(self) -> None:
        while True:
            try:
                await self._one_connection()
            except FAILURES as error:
                self._problem = f"{type(error).__name__}: {error}"
                _log.warning("bus.unreachable", purpose=self._purpose, error=self._problem)
            if self._up.is_set():
                self._up.clear()
                self._down_since = time.monotonic()
            await asyncio.sleep(self._settings.reconnect_seconds)

    async def _one_connection(self) -> None:
        connection = await aio_pika.connect(
            self._settings.url,
            timeout=self._settings.connect_timeout_seconds,
            heartbeat=self._settings.heartbeat_seconds,
        )
        self._connection = connection
        lost = asyncio.Event()
        connection.close_callbacks.add(lambda *_: lost.set())
        try:
            async with asyncio.timeout(self._settings.set_up_timeout_seconds):
                await self._set_up(connection)
            self._up.set()
            self._problem = "the connection was lost"
            await lost.wait()
        finally:
            with suppress(*FAILURES):
                await connection.close()

    def tie(self, channel: AbstractChannel) -> None:
        """Give up the connection when ``channel`` is closed by the broker: its consumers are gone with it."""
        channel.close_callbacks.add(lambda _, error: self.drop(f"a channel was closed: {error}"))
