"""Requests at a fixed rate, whether or not the ones before were answered: a time counts from when its turn was."""

import asyncio
import contextlib
import gc
import time
from collections.abc import Iterator

import aiohttp

_CONNECTIONS = 64


async def paced(url: str, headers: dict[str, str], rate: float, seconds: float) -> list[float]:
    """Ask ``rate`` times a second; return the milliseconds of each. Raises RuntimeError for what is not 200."""
    with _uncollected():
        return await _paced(url, headers, rate, seconds)


async def _paced(url: str, headers: dict[str, str], rate: float, seconds: float) -> list[float]:
    millis: list[float] = []

    async def ask(session: aiohttp.ClientSession, turn: float) -> None:
        async with session.get(url) as answer:
            await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{url} answered {answer.status}")
        millis.append(1000 * (time.monotonic() - turn))

    connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session, asyncio.TaskGroup() as asked:
        begun = time.monotonic()
        for number in range(int(rate * seconds)):
            turn = begun + number / rate
            await asyncio.sleep(max(0.0, turn - time.monotonic()))
            asked.create_task(ask(session, turn))
    return millis


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Have Python's collector leave this process alone: a full collection stops it for a tenth of a second."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
