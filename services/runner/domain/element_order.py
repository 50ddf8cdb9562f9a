"""The ordered list of elements of a run, and who is still to get which."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from services.contracts.runs import RunElement


@dataclass(frozen=True)
class Entry:
    """One element in its place in the order. ``key`` names its folder, so that a task's file tells its element."""

    index: int
    element: RunElement

    @property
    def key(self) -> str:
        return f"{self.index:02d}-{self.element.name}"

    @property
    def name(self) -> str:
        return self.element.name

    def hosts_of(self, alive: Collection[str]) -> list[str]:
        """Return its hosts that are still in the run, in the order they were given."""
        return [host for host in self.element.hosts if host in alive]


def entries_of(elements: Sequence[RunElement]) -> tuple[Entry, ...]:
    """Return the elements numbered in their order."""
    return tuple(Entry(index, element) for index, element in enumerate(elements))
