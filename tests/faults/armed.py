"""Where a worker is to die: a folder in which an armed place is a file, moved aside by the worker that dies there."""

import os
import signal
from pathlib import Path
from typing import NamedTuple


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
    """The folder, as seen by those who arm places and by the worker that passes them."""

    def __init__(self, folder: Path) -> None:
        self._armed, self._fired, self._passed = (folder / name for name in ("armed", "fired", "passed"))
        for place in (self._armed, self._fired, self._passed):
            place.mkdir(parents=True, exist_ok=True)

    def arm(self, *places: Place) -> None:
        """Have the worker die once at each of the places."""
        for place in places:
            (self._armed / place.text).touch()

    def fired(self) -> set[Place]:
        """Return the places at which a worker has died."""
        return _read(self._fired)

    def waiting(self) -> set[Place]:
        """Return the places that are armed still."""
        return _read(self._armed)

    def passed(self) -> set[Place]:
        """Return all places that workers came to, armed or not."""
        return _read(self._passed)

    def clear(self) -> None:
        """Forget all."""
        for folder in (self._armed, self._fired, self._passed):
            for path in folder.iterdir():
                path.unlink()

    def come_to(self, place: Place) -> None:
        """Note that this process is at a place, and kill it there if that is armed: nothing of it runs after that."""
        (self._passed / place.text).touch()
        try:
            (self._armed / place.text).rename(self._fired / place.text)
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def _read(folder: Path) -> set[Place]:
    return {Place.of_text(path.name) for path in folder.iterdir()}
