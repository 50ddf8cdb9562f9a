"""How far behind a process is with what it has taken on."""

import asyncio

_SLEEP_SECONDS = 0.02
_WEIGHT = 0.3


class Lag:
    """How late the event loop runs what is due: the smoothed lateness of short sleeps, in ``seconds``."""

    def __init__(self) -> None:
        self.seconds = 0.0

    async def watch(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _SLEEP_SECONDS
            await asyncio.sleep(_SLEEP_SECONDS)
            self.seconds += _WEIGHT * (max(0.0, loop.time() - due) - self.seconds)
