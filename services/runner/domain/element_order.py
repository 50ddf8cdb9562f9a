"""The ordered list of elements and checks of a run, and who is still to get which."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile

from services.contracts.runs import RunCheck, RunElement, StartRun


@dataclass(frozen=True)
class Entry:
    """One element or check in its place in the order. ``key`` names its folder, so that a task's file tells it."""

    index: int
    part: RunElement | RunCheck

    @property
    def key(self) -> str:
        return f"{self.index:02d}-{self.part.name}"

    @property
    def name(self) -> str:
        return self.part.name

    @property
    def secrets(self) -> list[str]:
        return self.part.secrets if isinstance(self.part, RunElement) else []

    def playbook(self, phase: str) -> str:
        """Return the path of its playbook in its folder."""
        return f"{phase}.yaml" if isinstance(self.part, RunElement) else self.part.playbook

    def hosts_of(self, alive: Collection[str]) -> list[str]:
        """Return its hosts that are still in the run, in the order they were given."""
        return [host for host in self.part.hosts if host in alive]


def entries_of(parts: Sequence[RunElement | RunCheck]) -> tuple[Entry, ...]:
    """Return elements and checks numbered in their order."""
    return tuple(Entry(index, part) for index, part in enumerate(parts))


def trusted_together(entries: Sequence[Entry]) -> list[Entry]:
    """Return the first of ``entries`` that may share a sandbox: all of the catalogue's, or one customer's own alone."""
    if entries and entries[0].part.owner:
        return [entries[0]]
    return list(takewhile(lambda entry: entry.part.owner is None, entries))


def entries_of_run(run: StartRun) -> tuple[Entry, ...]:
    """Return all that a run does: its elements, then its checks."""
    return entries_of([*run.elements, *run.checks])
