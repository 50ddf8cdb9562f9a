"""What came of cells, kept in a file as it comes."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.faults.matrix import Cell


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a cell; ``differs`` says what was not as it should be, nothing if all was."""

    cell: str
    ok: bool
    seconds: float
    resumed: bool = False
    differs: tuple[str, ...] = ()

    @property
    def replay(self) -> str:
        """The command that tries just this cell."""
        return f'make faults ARGS="{self.cell}"'


class Document(msgspec.Struct, frozen=True):
    """The file: which commit was tried, and its cells in the order in which they ended."""

    commit: str
    ok: bool
    wanted: int
    cells: list[Result]


class Results:
    """The results of a run; with ``keep`` also those of an earlier one of the same commit that were ok."""

    def __init__(self, path: Path | None, commit: str, wanted: Sequence[Cell], *, keep: bool = False) -> None:
        self._path = path
        self._commit = commit
        self._wanted = len(wanted)
        self.all: list[Result] = self._kept({cell.id for cell in wanted}) if keep else []
        done = {result.cell for result in self.all}
        self.missing = [cell for cell in wanted if cell.id not in done]

    def add(self, result: Result) -> None:
        """Keep a result."""
        self.all.append(result)
        if self._path is not None:
            ok = len(self.all) == self._wanted and all(one.ok for one in self.all)
            document = Document(self._commit, ok, self._wanted, self.all)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_bytes(msgspec.json.format(msgspec.json.encode(document)))

    def _kept(self, wanted: set[str]) -> list[Result]:
        if self._path is None or not self._path.exists():
            return []
        before = msgspec.json.decode(self._path.read_bytes(), type=Document)
        return [one for one in before.cells if before.commit == self._commit and one.ok and one.cell in wanted]
