"""Wait to be woken, for a limited time."""

import asyncio


async def woken_within(event: asyncio.Event, seconds: float) -> bool:
    """Return whether ``event`` is set within ``seconds``.

    A cancel always gets through: ``asyncio.wait_for`` drops one that comes in the moment in which the event is set
    (Python 3.11, https://github.com/python/cpython/issues/86296).
    """
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
