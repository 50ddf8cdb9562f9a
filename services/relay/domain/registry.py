"""All open sessions of this relay. They live in memory: a relay that restarts has none, and removes what it finds."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from services.relay.domain.clouds import Clouds, Target
from services.relay.domain.session import Session, Terms, remove_folder
from services.relay.exceptions import SessionExpired, TooManySessions

log = structlog.get_logger()


class Sessions:
    """Opens, lists, expires and closes sessions."""

    def __init__(
        self,
        clouds: Clouds,
        folder: Path,
        *,
        sessions_at_most: int,
        connections_per_host: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clouds = clouds
        self._folder = folder
        self._sessions_at_most = sessions_at_most
        self._connections_per_host = connections_per_host
        self._now = now
        self._open: dict[str, Session] = {}
        self._changing = asyncio.Lock()

    def prepare(self) -> None:
        """Make the folder of sockets, for this user alone, and remove what an earlier process left in it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        for left in self._folder.iterdir():
            if left.is_dir():
                remove_folder(left)

    async def open(self, terms: Terms, targets: Sequence[Target]) -> Session:
        """Open a session; one of the same id is closed first, so that asking twice is safe.

        Raises UnknownCloud, AddressOutsideCloud, SessionExpired, TooManySessions.
        """
        for target in targets:
            self._clouds.check(terms.cloud_id, target)
        async with self._changing:
            await self._close(terms.session_id)
            self._admit(terms)
            session = self._new(terms, targets)
            self._open[terms.session_id] = session
            await session.open()
        log.info("session opened", session=terms.session_id, purpose=terms.purpose, hosts=len(targets))
        return session

    async def close(self, session_id: str) -> None:
        """Close a session and every connection in it; one that is not there is fine."""
        async with self._changing:
            await self._close(session_id)

    async def close_all(self) -> None:
        """Close everything: the relay stops."""
        for session_id in list(self._open):
            await self.close(session_id)

    def find(self, session_id: str) -> Session | None:
        """Return an open session that has not expired."""
        session = self._open.get(session_id)
        return session if session and session.terms.expires_at > self._now() else None

    def all(self) -> list[Session]:
        """Return the open sessions, oldest first."""
        return sorted(self._open.values(), key=lambda session: session.opened_at)

    async def expire_forever(self, every_seconds: float) -> None:
        """Close what has expired, again and again, until cancelled."""
        while True:
            for session in self.all():
                if session.terms.expires_at <= self._now():
                    log.info("session expired", session=session.terms.session_id, purpose=session.terms.purpose)
                    await self.close(session.terms.session_id)
            await asyncio.sleep(every_seconds)

    def _admit(self, terms: Terms) -> None:
        if terms.expires_at <= self._now():
            raise SessionExpired(f"A session that ended at {terms.expires_at.isoformat()} can't be opened.")
        if len(self._open) >= self._sessions_at_most:
            raise TooManySessions(f"This relay already holds {len(self._open)} sessions, its limit. Try again later.")

    def _new(self, terms: Terms, targets: Sequence[Target]) -> Session:
        return Session(
            terms=terms,
            targets=tuple(targets),
            folder=self._folder / terms.session_id,
            opened_at=self._now(),
            clouds=self._clouds,
            connections_per_host=self._connections_per_host,
        )

    async def _close(self, session_id: str) -> None:
        session = self._open.pop(session_id, None)
        if session is not None:
            await session.close()
            log.info("session closed", session=session_id, purpose=session.terms.purpose)
