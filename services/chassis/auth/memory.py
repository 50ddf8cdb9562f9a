"""What was found out once and stays true until a known moment."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
_KEPT = 20_000


class Memory(Generic[K, V]):
    """Values by key, each until its Unix time; ``kept`` of them at most, so that no flood fills the process."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._values: dict[K, tuple[float, V]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K, seconds_left: float = 0.0) -> V | None:
        """Return the value of ``key`` if it is good for another ``seconds_left``."""
        until, value = self._values.get(key, (0.0, None))
        return value if until - time.time() > seconds_left else None

    def forget(self, unwanted: Callable[[V], bool]) -> None:
        """Forget the values that ``unwanted`` says."""
        self._values = {key: entry for key, entry in self._values.items() if not unwanted(entry[1])}

    def keep(self, key: K, value: V, until: float) -> None:
        """Remember ``value``; a full memory first forgets what has ended, and all of it if nothing has."""
        if len(self._values) >= self._kept:
            now = time.time()
            self._values = {name: entry for name, entry in self._values.items() if entry[0] > now}
            if len(self._values) >= self._kept:
                self._values.clear()
        self._values[key] = (until, value)
