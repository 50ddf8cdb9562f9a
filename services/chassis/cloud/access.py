"""OpenStack's clients are synchronous: each call runs in a bounded thread, under one deadline."""

import asyncio
import functools
import json
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
import requests
from keystoneauth1.session import Session, TCPKeepAliveAdapter

from services.chassis import deadline
from services.chassis.cloud.log_in import log_in
from services.chassis.errors import Unavailable

T = TypeVar("T")
_SESSIONS_KEPT = 512
_CONNECT_RETRIES = 2


class CloudFailure(Unavailable):
    """An OpenStack API did not do what it was asked: its own words are in ``detail``."""

    slug = "cloud-failure"
    title = "The cloud did not do it"


class CloudAccess(msgspec.Struct, frozen=True):
    """How to be somebody at a cloud.

    ``auth_type`` is a keystoneauth plugin (``v3password``, ``v3applicationcredential``), ``auth`` its arguments,
    ``call_seconds`` the longest that one HTTP call may take.
    """

    auth_type: str
    auth: dict[str, Any]
    region: str
    interface: str = "public"
    call_seconds: float = 20.0

    @property
    def key(self) -> str:
        """Return a text that two accesses share only if they are the same."""
        return json.dumps(msgspec.to_builtins(self), sort_keys=True)


class CloudThreads:
    """A bounded pool of threads for OpenStack's clients, and the sessions that they share."""

    def __init__(self, threads: int = 16) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="cloud")
        self._sessions: dict[str, Session] = {}
        self._clients: dict[tuple[str, str], Any] = {}
        self._renewed: dict[str, float] = {}

    def session(self, access: CloudAccess) -> Session:
        """Return the session of ``access``; it fetches its token with the first call and renews it by itself."""
        known = self._sessions.get(access.key)
        if known is None:
            known = Session(
                auth=log_in(access.auth_type, access.auth),
                session=_connections(self._threads),
                timeout=access.call_seconds,
                connect_retries=_CONNECT_RETRIES,
            )
            if len(self._sessions) >= _SESSIONS_KEPT:
                self._sessions.clear()
                self._clients.clear()
                self._renewed.clear()
            self._sessions[access.key] = known
        return known

    def renew(self, access: CloudAccess, *, unless_within_seconds: float = 0.0) -> None:
        """Have the next call log in anew, unless that was asked for in the last ``unless_within_seconds``.

        A cloud may know better than its API that a token has ended, or work on with one for longer than it lives.
        """
        now = time.monotonic()
        if now - self._renewed.get(access.key, -math.inf) >= unless_within_seconds:
            self._renewed[access.key] = now
            self.session(access).invalidate()

    def client(self, access: CloudAccess, kind: str, make: Callable[[Session, CloudAccess], T]) -> T:
        """Return the client of ``kind`` for ``access``, made by ``make`` the first time."""
        key = (access.key, kind)
        if key not in self._clients:
            self._clients[key] = make(self.session(access), access)
        client: T = self._clients[key]
        return client

    async def run(self, limit_seconds: float, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run one synchronous call in a thread; raises CloudFailure when the deadline passes first.

        What the client itself raises passes through: an adapter knows what each of its errors means.
        """
        left = deadline.remaining(limit_seconds)
        work = asyncio.get_running_loop().run_in_executor(self._pool, functools.partial(call, *args, **kwargs))
        try:
            async with asyncio.timeout(left):
                return await work
        except TimeoutError as error:
            raise CloudFailure(f"The cloud did not answer in {left:.0f} s.") from error

    def close(self) -> None:
        """Let the threads end; calls under way are not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _connections(at_most: int) -> requests.Session:
    """Return what keeps a connection open for each thread that calls the same API; keystoneauth itself keeps ten."""
    kept = requests.Session()
    # A token is in the headers: without this, a file .netrc is looked for in each call.
    kept.auth = _as_it_is
    for scheme in ("http://", "https://"):
        kept.mount(scheme, TCPKeepAliveAdapter(pool_maxsize=at_most))
    return kept
