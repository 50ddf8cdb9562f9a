"""What a module in ``tests/load/benchmarks`` declares, and how all of them are found."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.launcher.display import Display
from tests.load.figures import Figure
from tests.load.needs import Need

FOLDER = Path(__file__).parent / "benchmarks"


@dataclass(frozen=True)
class Run:
    """How much is to be measured, and where to tell of it.

    ``seconds`` and ``connections`` are of one round, for benchmarks that ask as fast as answers come.
    """

    rounds: int
    seconds: float
    connections: int
    display: Display

    def say(self, line: str) -> None:
        """Tell whoever waits what was done or found."""
        self.display.say(f"  {line}")


@dataclass(frozen=True)
class Benchmark:
    """One benchmark: the constant ``BENCHMARK`` of its module, which is named like it (``lab_build.py``: lab-build).

    ``measure`` interleaves what is measured with its peers, round by round, and leaves nothing behind, whatever
    happens. A benchmark with ``on_request``, a reason, runs only when it is asked for by name.
    """

    name: str
    summary: str
    measure: Callable[[Run], list[Figure]]
    needs: tuple[Need, ...] = ()
    rounds: int = 5
    on_request: str | None = None

    def missing(self) -> list[str]:
        """What this machine lacks for it, a sentence each."""
        return [reason for need in self.needs if (reason := need())]


def found() -> list[Benchmark]:
    """All benchmarks, by name."""
    names = [module.name for module in pkgutil.iter_modules([str(FOLDER)]) if not module.name.startswith("test_")]
    modules = [importlib.import_module(f"tests.load.benchmarks.{name}") for name in names]
    return sorted((module.BENCHMARK for module in modules), key=lambda one: str(one.name))
