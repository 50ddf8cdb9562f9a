"""Which cells all systems are tried with, and which have no meaning for one that is not ours."""

from random import Random

from tests.faults.matrix import NUDGES, Cell, cells

_SAMPLES = {"time-out": 6, "5xx": 6, "reorder": 12, "database": 6, "broker": 4}
"""How many cells there are of a fault, beside all kills."""
_SEED = 4
LEFT_OUT = {
    "duplicate": "It asks what siblings, cloud and inbox make of a call's second copy, and they are the same for all.",
    NUDGES: "Only our engine has its waits ended by an event; the others look again by themselves.",
}


def compared() -> list[Cell]:
    """Return all kills and a sample of each other fault, in the matrix's order; the same in each run."""
    chosen = {cell for cell in _meaningful() if cell.fault == "kill"}
    for fault, number in _SAMPLES.items():
        chosen |= set(
            Random(f"{_SEED} {fault}").sample([cell for cell in _meaningful() if cell.fault == fault], number)
        )
    return [cell for cell in cells() if cell in chosen]


def _meaningful() -> list[Cell]:
    return [cell for cell in cells() if cell.fault not in LEFT_OUT and cell.step not in LEFT_OUT]
