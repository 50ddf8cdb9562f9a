"""Rate limits, counted in this process."""

import math
import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from services.chassis.errors import TooManyRequests
from services.gateway.config import RateSettings


class Rates:
    """Each request counts one; TooManyRequests with ``Retry-After`` (RFC 6585, section 4) when there are none left."""

    def __init__(self, settings: RateSettings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._credential = parse(settings.credential)
        self._open = parse(settings.open)
        self._failures = parse(settings.failures)

    async def credential(self, credential_id: str) -> None:
        """Count a request that came with a good credential."""
        await self._take(self._credential, "credential", credential_id)

    async def open(self, address: str, route: str) -> None:
        """Count a request of nobody in particular to a route that is open, such as a log-in."""
        await self._take(self._open, "open", address, route)

    async def failure(self, address: str) -> None:
        """Count a credential that was not good."""
        await self._limiter.hit(self._failures, "failures", address)

    async def check_failures(self, address: str) -> None:
        """Refuse an address that tried too many credentials that were not good."""
        if not await self._limiter.test(self._failures, "failures", address):
            raise await self._refusal(self._failures, "failures", address)

    async def _take(self, item: RateLimitItem, *names: str) -> None:
        if not await self._limiter.hit(item, *names):
            raise await self._refusal(item, *names)

    async def _refusal(self, item: RateLimitItem, *names: str) -> TooManyRequests:
        stats = await self._limiter.get_window_stats(item, *names)
        seconds = max(1, math.ceil(stats.reset_time - time.time()))
        return TooManyRequests(
            f"More than {item.amount} requests in {item.get_expiry()} s.",
            hint=f"Wait {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )
