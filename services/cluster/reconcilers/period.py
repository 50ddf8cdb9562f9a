"""Look every so many seconds, whatever the last look came to."""

import asyncio
from collections.abc import Awaitable, Callable

from services.chassis.log import get_logger
from services.chassis.service import Background

log = get_logger("cluster.reconcilers")


def periodically(seconds: float, look: Callable[[], Awaitable[None]]) -> Background:
    """Return a task that calls ``look`` for ever; what it raises is logged and the next look comes in its time."""

    async def run() -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await look()
            except Exception as error:
                log.warning("reconciler.failed", look=look.__qualname__, error=repr(error))

    return run
