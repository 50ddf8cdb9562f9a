"""How a run ended, in a word and a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.runs import Cell
from services.runner.domain.progress import GOOD

_NAMED = 3


@dataclass(frozen=True)
class Verdict:
    """A run's last state and, unless it succeeded, the reason in a sentence."""

    state: str
    reason: str | None = None


def judge(cells: Sequence[Cell]) -> Verdict:
    """Return what a whole matrix means."""
    bad = [cell for cell in cells if cell.state in ("failed", "unreachable")]
    if all(cell.state in GOOD for cell in cells):
        return Verdict("succeeded")
    if not bad:
        return Verdict("failed", "Some hosts were left out; the matrix says where and why.")
    hosts = {cell.host for cell in cells}
    named = "; ".join(_sentence(cell) for cell in bad[:_NAMED])
    more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    return Verdict("failed", f"{len({cell.host for cell in bad})} of {len(hosts)} hosts: {named}{more}.")


def _sentence(cell: Cell) -> str:
    message = (cell.message or "the log says why").strip().splitlines()[0][:200].rstrip(".")
    place = f"{cell.element}, task {cell.task}" if cell.task else cell.element
    word = "did not answer" if cell.state == "unreachable" else "failed"
    return f"{cell.host} {word} in {place}: {message}"
