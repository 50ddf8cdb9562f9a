"""Where a fault is to happen in a worker: a folder in which an armed place is a file, moved aside when it happens."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.faults.countdown import Countdown

_HELD_AT_MOST_SECONDS = 120.0
_LOOK_SECONDS = 0.005


class Place(NamedTuple):
    """A point on the way of a step: before or after one of its outside calls (``call``), or of the step itself.

    ``before`` its call leaves; ``effect``: it is answered and nobody has seen the answer; ``reply``: the step's
    function has returned and nothing of its outcome is written; ``commit``: the outcome is written.
    """

    saga: str
    phase: str
    step: str
    point: str
    call: str = ""

    @classmethod
    def of_text(cls, text: str) -> "Place":
        """Return the place that was written as ``text``."""
        return cls(*text.split("~"))

    @property
    def text(self) -> str:
        """What names a file, and may be read."""
        return "~".join(self).rstrip("~")


class Armed:
    """The folder, as seen by those who arm places and by the worker that comes to them.

    A worker ends at once at a ``kill``, stands still at a ``reorder`` until it is woken, and waits at a ``database``
    or ``broker`` until it is let go. What else happens there is up to who makes the call. Each place that it comes to
    counts in its ``countdown``.
    """

    def __init__(self, folder: Path) -> None:
        names = ("armed", "fired", "passed", "stopped", "settled", "free")
        self._armed, self._fired, self._passed, self._stopped, self._settled, self._free = (folder / n for n in names)
        for name in names:
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.countdown = Countdown(folder)

    def arm(self, *places: Place, fault: str = "kill") -> None:
        """Have the fault happen once at each of the places."""
        for place in places:
            being_written = self._armed.parent / place.text
            being_written.write_text(fault)
            being_written.rename(self._armed / place.text)

    def fired(self) -> set[Place]:
        """Return the places at which it has happened."""
        return _read(self._fired)

    def waiting(self) -> set[Place]:
        """Return the places that are armed still."""
        return _read(self._armed)

    def passed(self) -> set[Place]:
        """Return all places that workers came to, armed or not."""
        return _read(self._passed)

    def noted(self, place: Place) -> str:
        """Return the fault that happened at a place, and what was noted of it."""
        return (self._fired / place.text).read_text()

    def clear(self) -> None:
        """Forget all."""
        for folder in (self._armed, self._fired, self._passed, self._stopped, self._settled, self._free):
            for path in folder.iterdir():
                path.unlink()

    def let_go(self, place: Place) -> None:
        """Let the worker that waits at a place go on."""
        (self._free / place.text).touch()

    def wake(self, place: Place) -> int:
        """Wake the worker that stands still at a place and return its pid."""
        pid = int((self._stopped / place.text).read_text())
        os.kill(pid, signal.SIGCONT)
        return pid

    def kill_stopped(self) -> None:
        """Kill the workers that stand still; what they hold at the database is free then."""
        for path in self._stopped.iterdir():
            with suppress(ProcessLookupError):
                os.kill(int(path.read_text()), signal.SIGKILL)

    def has_settled(self, place: Place) -> bool:
        """Tell whether what a woken worker still did there is over."""
        return (self._settled / place.text).exists()

    def come_to(self, place: Place) -> str:
        """Note that this process is at a place; returns the fault that is to happen there, if it is not over yet."""
        (self._passed / place.text).touch()
        self.countdown.tick(place.text)
        try:
            (self._armed / place.text).rename(self._fired / place.text)
        except FileNotFoundError:
            return ""
        fault = self.noted(place)
        if fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif fault == "reorder":
            self._stand_still(place)
        elif fault in ("database", "broker"):
            self._wait(place)
        return fault

    def note(self, place: Place, text: str) -> None:
        """Write beside a fault what came of it."""
        with (self._fired / place.text).open("a") as file:
            file.write(f"\n{text}")

    def _stand_still(self, place: Place) -> None:
        being_written = self._stopped.parent / place.text
        being_written.write_text(str(os.getpid()))
        being_written.rename(self._stopped / place.text)
        os.kill(os.getpid(), signal.SIGSTOP)
        if task := asyncio.current_task():
            task.add_done_callback(lambda _: (self._settled / place.text).touch())

    def _wait(self, place: Place) -> None:
        end = time.monotonic() + _HELD_AT_MOST_SECONDS
        while not (self._free / place.text).exists() and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)


def _read(folder: Path) -> set[Place]:
    return {Place.of_text(path.name) for path in folder.iterdir()}
