"""Passwords: argon2id in a few threads, the same time for everybody."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.identity.constants import WAITING_PASSWORDS
from services.identity.exceptions import TooBusy

T = TypeVar("T")
NOBODYS_PASSWORD = "nobody has this password"
"""What an unknown address's password is checked against, so that it takes as long; it never lets in."""

_RETRY = {"Retry-After": "2"}


class Passwords:
    """Hashes and checks passwords with argon2id (the library's parameters: RFC 9106, low memory)."""

    def __init__(self, threads: int) -> None:
        self._hasher = PasswordHasher()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._nobody = self._hasher.hash(NOBODYS_PASSWORD)
        self._places = threads + WAITING_PASSWORDS

    async def hash(self, password: str) -> str:
        """Return what is stored of a password. Raises TooBusy."""
        return await self._run(self._hasher.hash, password)

    async def check(self, stored: str | None, password: str) -> bool:
        """Tell whether ``password`` is the one; without ``stored`` it takes as long, and is not. Raises TooBusy."""
        good = await self._run(self._verify, stored or self._nobody, password)
        return good and stored is not None

    def is_dated(self, stored: str) -> bool:
        """Tell whether a hash was made with older parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, function: Callable[..., T], *arguments: str) -> T:
        if self._places == 0:
            raise TooBusy("Too many people log in at this moment; try again in a few seconds.", headers=_RETRY)
        self._places -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
        finally:
            self._places += 1
