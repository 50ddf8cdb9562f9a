"""What came of cells and planted bugs, kept in a file as it comes."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.faults.matrix import Cell


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a cell; ``differs`` says what was not as it should be, nothing if all was."""

    cell: str
    ok: bool
    seconds: float
    lane: str = ""
    resumed: bool = False
    differs: tuple[str, ...] = ()

    @property
    def replay(self) -> str:
        """The command that tries just this cell."""
        return f'make faults ARGS="{self.cell}"'


class Hunt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a planted bug: the cells that found it; ``trouble`` says why it could not be tried."""

    bug: str
    seconds: float
    found_by: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def found(self) -> bool:
        """Whether the campaign found it."""
        return bool(self.found_by)

    @property
    def replay(self) -> str:
        """The command that hunts just this bug."""
        return f'make faults ARGS="--bug {self.bug}"'


class Document(msgspec.Struct, frozen=True):
    """The file: which commit was tried, its cells in the order in which they ended, and its planted bugs."""

    commit: str
    ok: bool
    wanted: int
    cells: list[Result]
    bugs: list[Hunt] = []


class Results:
    """The results of a run; with ``keep`` also those of an earlier one of the same commit that were ok."""

    def __init__(self, path: Path | None, commit: str, wanted: Sequence[Cell], *, keep: bool = False) -> None:
        self._path = path
        self._commit = commit
        self.wanted = len(wanted)
        self.hunts: list[Hunt] = []
        self.all: list[Result] = self._kept({cell.id for cell in wanted}) if keep else []
        done = {result.cell for result in self.all}
        self.missing = [cell for cell in wanted if cell.id not in done]

    @property
    def untried(self) -> int:
        """How many cells have no result, since the campaign broke off."""
        return self.wanted - len(self.all)

    def add(self, result: Result) -> None:
        """Keep a result."""
        self.all.append(result)
        self._write()

    def add_hunt(self, hunt: Hunt) -> None:
        """Keep what came of a planted bug."""
        self.hunts.append(hunt)
        self._write()

    def _write(self) -> None:
        if self._path is not None:
            good = all(one.ok for one in self.all) and all(one.found for one in self.hunts)
            ok = len(self.all) == self.wanted and good
            document = Document(self._commit, ok, self.wanted, self.all, self.hunts)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_bytes(msgspec.json.format(msgspec.json.encode(document)))

    def _kept(self, wanted: set[str]) -> list[Result]:
        if self._path is None or not self._path.exists():
            return []
        before = msgspec.json.decode(self._path.read_bytes(), type=Document)
        return [one for one in before.cells if before.commit == self._commit and one.ok and one.cell in wanted]
