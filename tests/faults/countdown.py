"""Kills at no place in particular: a worker counts what it does, and ends itself at the number that was drawn."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import msgspec


class Drawn(msgspec.Struct, frozen=True):
    """The life that kills are drawn for, and after how many things done each worker of it ends, one after the other."""

    life: str
    numbers: tuple[int, ...]


class Countdown:
    """A folder, as seen by those who draw and by the workers, of which one lives at a time."""

    def __init__(self, folder: Path) -> None:
        self._drawn = folder / "drawn"
        self._killed = folder / "killed"
        self._seen: tuple[int, int] | None = None
        self._life = ""
        self._left = 0

    def draw(self, life: str, numbers: Sequence[int]) -> None:
        """Have the workers of a life end themselves; forgets the life before."""
        self._killed.unlink(missing_ok=True)
        being_written = self._drawn.with_suffix(".new")
        being_written.write_bytes(msgspec.json.encode(Drawn(life, tuple(numbers))))
        being_written.rename(self._drawn)

    def stop(self) -> None:
        """Have no more workers end themselves."""
        self._drawn.unlink(missing_ok=True)

    def killed(self, life: str) -> list[str]:
        """Return what each worker of a life was about when it ended itself, in order."""
        if not self._killed.exists():
            return []
        told = (line.partition("\t") for line in self._killed.read_text().splitlines())
        return [what for of, _, what in told if of == life]

    def tick(self, what: str) -> None:
        """Count that this process does something; it is the last thing it does if that was drawn."""
        if self._is_drawn() and self._left:
            self._left -= 1
            if not self._left:
                with self._killed.open("a") as file:
                    file.write(f"{self._life}\t{what}\n")
                os.kill(os.getpid(), signal.SIGKILL)

    def _is_drawn(self) -> bool:
        """Tell whether anything is drawn, and read it if it is new."""
        try:
            status = self._drawn.stat()
            if (mark := (status.st_ino, status.st_mtime_ns)) != self._seen:
                drawn = msgspec.json.decode(self._drawn.read_bytes(), type=Drawn)
                rest = drawn.numbers[len(self.killed(drawn.life)) :]
                self._seen, self._life, self._left = mark, drawn.life, rest[0] if rest else 0
        except FileNotFoundError:
            return False
        return True
