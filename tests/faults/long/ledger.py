"""What all runs so far came to, kept as it comes: a run that was interrupted is gone on with."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tests.faults.long.lives import Lived


class Failure(msgspec.Struct, frozen=True):
    """A life in which something differed; its number and the run's seed draw it again."""

    number: int
    differs: tuple[str, ...]


class Run(msgspec.Struct):
    """The lives of one seed at one commit. ``killed`` counts by saga, phase, step and what was being done."""

    commit: str
    seed: str
    day: str
    next: int = 0
    built: int = 0
    deleted: int = 0
    undone: int = 0
    seconds: float = 0.0
    killed: dict[str, int] = {}
    failures: list[Failure] = []

    @property
    def kills(self) -> int:
        return sum(self.killed.values())


class Ledger:
    """The file, and the run that is under way: the newest of this commit and seed, else a new one."""

    def __init__(self, path: Path | None, commit: str, seed: str | None = None) -> None:
        self._path = path
        known = path.read_bytes() if path and path.exists() else b"[]"
        self.runs = msgspec.json.decode(known, type=list[Run])
        mine = [run for run in self.runs if run.commit == commit and seed in (None, run.seed)]
        now = datetime.now(UTC)
        self.run = mine[-1] if mine else Run(commit, seed or f"{now:%Y%m%d-%H%M%S}", f"{now:%Y-%m-%d}")
        if not mine:
            self.runs.append(self.run)

    @property
    def since_failure(self) -> list[Run]:
        """The runs since the last one in which a life failed, which is mended by then; they are what counts."""
        failed = [number for number, run in enumerate(self.runs) if run.failures]
        return self.runs[failed[-1] + 1 :] if failed else self.runs

    @property
    def kills(self) -> int:
        """How many there were since the last failure."""
        return sum(run.kills for run in self.since_failure)

    @property
    def lives(self) -> int:
        """In how many lives these were."""
        return sum(run.deleted + run.undone for run in self.since_failure)

    def hand_out(self) -> int:
        """Return the number of the next life."""
        self.run.next += 1
        return self.run.next - 1

    def add(self, lived: Lived) -> None:
        """Keep what came of a life."""
        run = self.run
        run.killed = dict(Counter(run.killed) + Counter(lived.killed))
        run.seconds = round(run.seconds + lived.seconds, 1)
        if lived.differs:
            run.failures.append(Failure(lived.number, lived.differs))
        else:
            run.built += not lived.undone
            run.deleted += not lived.undone
            run.undone += lived.undone
        self._write()

    def _write(self) -> None:
        if self._path is not None:
            being_written = self._path.with_suffix(".new")
            being_written.write_bytes(msgspec.json.format(msgspec.json.encode(self.runs)))
            being_written.rename(self._path)
