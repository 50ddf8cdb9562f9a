"""What is known of a run: the matrix of elements and hosts, kept from Ansible's events as they come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.contracts.runs import Cell
from services.runner.domain.ansible_event import AnsibleEvent, Outcome
from services.runner.domain.element_order import Entry

OPEN = frozenset({"pending", "running"})
GOOD = frozenset({"ok", "changed"})
CELL_STATES = {
    "pending": "The element has not come to this host yet.",
    "running": "The element is at work on this host.",
    "ok": "It ended well and changed nothing.",
    "changed": "It ended well and changed something.",
    "failed": "A task failed on this host; later elements leave it out.",
    "unreachable": "The host did not answer; later elements leave it out.",
    "skipped": "It was not tried, or not to its end: the message says why.",
}


@dataclass
class Mark:
    """One cell while it changes."""

    position: int
    entry: Entry
    host: str
    state: str = "pending"
    task: str | None = None
    message: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    log_offset: int | None = None
    changed: bool = False
    told: str = "pending"

    def cell(self) -> Cell:
        """Return it as the API shows it."""
        return Cell(
            host=self.host,
            element=self.entry.name,
            state=self.state,
            task=self.task,
            message=self.message,
            started_at=self.started_at,
            ended_at=self.ended_at,
            log_offset=self.log_offset,
        )


@dataclass
class Progress:
    """The matrix of one run.

    ``touched`` collects the cells that changed since they were last taken, ``turns`` each change of a cell's state.
    """

    entries: Sequence[Entry]
    marks: dict[tuple[int, str], Mark] = field(default_factory=dict)
    touched: dict[tuple[int, str], Mark] = field(default_factory=dict)
    turns: list[Cell] = field(default_factory=list)
    current: Entry | None = None
    _ended: int = 0
    _beyond: dict[str, tuple[Entry, str | None]] = field(default_factory=dict)
    _failures: dict[str, tuple[Mark, AnsibleEvent, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.entries:
            for host in entry.part.hosts:
                self.marks[entry.index, host] = Mark(len(self.marks), entry, host)

    def restore(self, cells: Sequence[Cell]) -> None:
        """Take over a matrix that an earlier process has written."""
        for mark, cell in zip(self.marks.values(), cells, strict=True):
            mark.state, mark.task, mark.message = cell.state, cell.task, cell.message
            mark.told = cell.state
            mark.started_at, mark.ended_at, mark.log_offset = cell.started_at, cell.ended_at, cell.log_offset

    def cells(self) -> list[Cell]:
        """Return all cells: by element in order, then by host."""
        return [mark.cell() for mark in self.marks.values()]

    def take_touched(self) -> dict[int, Cell]:
        """Return the cells that changed since the last call, by their position in :meth:`cells`."""
        taken, self.touched = self.touched, {}
        return {mark.position: mark.cell() for mark in taken.values()}

    def take_turns(self) -> list[Cell]:
        """Return each change of a cell's state since the last call, in order, with the cell as it was then."""
        taken, self.turns = self.turns, []
        return taken

    def alive(self) -> set[str]:
        """Return the hosts that no element has failed on or broken off."""
        lost = {mark.host for mark in self.marks.values() if mark.state not in OPEN | GOOD}
        return {mark.host for mark in self.marks.values()} - lost

    def remaining(self) -> list[Entry]:
        """Return the elements that some host still waits for, in order."""
        waiting = {mark.entry.index for mark in self.marks.values() if mark.state in OPEN}
        return [entry for entry in self.entries if entry.index in waiting]

    def take_advance(self) -> bool:
        """Say whether any cell has ended since the last call; a sandbox that ends none would be tried for ever."""
        before, self._ended = self._ended, sum(mark.state not in OPEN for mark in self.marks.values())
        return self._ended > before

    def note(self, event: AnsibleEvent, log_offset: int) -> None:
        """Take in one event; ``log_offset`` is where its text stands in the log."""
        entry = self.entry(event.element_key)
        if event.outcome is Outcome.STATISTICS:
            self._settle(event)
        elif entry and event.outcome is Outcome.ELEMENT_ENDED:
            self.leave(entry, event.at)
        elif entry:
            self._enter(entry, event.at)
            if event.host and (mark := self.marks.get((entry.index, event.host))):
                self._note_host(mark, event, log_offset)
            elif event.host and event.outcome in (Outcome.FAILED, Outcome.UNREACHABLE):
                self._beyond[event.host] = (entry, event.message)

    def leave(self, entry: Entry, at: datetime) -> None:
        """Close an element that has come to its end: what runs there has ended well."""
        for mark in self._of(entry):
            if mark.state in OPEN and mark.host in self.alive():
                self._end(mark, "changed" if mark.changed else "ok", at, None)
        self._drop_out(at)

    def break_off(self, state: str, message: str, at: datetime, entries: Iterable[Entry] | None = None) -> None:
        """Close everything that is open (of ``entries``, or of all): what runs in ``state``, what waits as skipped."""
        for entry in entries if entries is not None else self.entries:
            for mark in self._of(entry):
                if mark.state in OPEN:
                    self._end(mark, state if mark.state == "running" else "skipped", at, message)
        self._drop_out(at)

    def _enter(self, entry: Entry, at: datetime) -> None:
        if self.current is entry:
            return
        self.current = entry
        alive = self.alive()
        for mark in self._of(entry):
            if mark.state == "pending" and mark.host in alive:
                mark.state, mark.started_at = "running", at
                self._touch(mark)

    def _note_host(self, mark: Mark, event: AnsibleEvent, log_offset: int) -> None:
        mark.task = event.task or mark.task
        mark.log_offset = log_offset if mark.log_offset is None else mark.log_offset
        mark.started_at = mark.started_at or event.at
        if event.outcome in (Outcome.FAILED, Outcome.UNREACHABLE):
            state = "failed" if event.outcome is Outcome.FAILED else "unreachable"
            mark.log_offset = log_offset
            self._end(mark, state, event.at, event.message)
            self._failures[mark.host] = (mark, event, log_offset)
            return
        if mark.state in ("failed", "pending"):
            mark.state, mark.ended_at = "running", None
        mark.changed = mark.changed or event.outcome is Outcome.CHANGED
        self._touch(mark)

    def _settle(self, event: AnsibleEvent) -> None:
        """Ansible's own count has the last word: a failure that an ``always`` block came after is a failure still.

        Ansible stops altogether when all hosts of one play have failed; whoever is still at work in that element has
        then not come to its end.
        """
        for host in event.failed_hosts:
            self._correct(host, event.at)
        if self.current:
            stopped = f"{self.current.name} stopped because all hosts of one of its plays failed."
            for mark in self._of(self.current):
                if mark.state == "running":
                    self._end(mark, "skipped", event.at, stopped)
        self._drop_out(event.at)

    def _correct(self, host: str, at: datetime) -> None:
        """See to it that a host which Ansible counts as failed is shown as failed, where a task last failed on it.

        It may not look so: an ``always`` block came after that task, and others have begun elements since. A check may
        work on hosts that are not its own: that one fails is the check's failure.
        """
        if host in self._beyond:
            entry, message = self._beyond.pop(host)
            for mark in self._of(entry):
                if mark.state in OPEN | GOOD:
                    self._end(mark, "failed", at, f"{host}: {message or 'a task failed; the log says which.'}")
            return
        begun = [mark for mark in self.marks.values() if mark.host == host and mark.started_at]
        if not begun or begun[-1].state in ("failed", "unreachable"):
            return
        blamed, message = begun[-1], "A task failed; the log says which."
        if failure := self._failures.get(host):
            blamed, event, blamed.log_offset = failure
            blamed.task, message = event.task, event.message or message
        self._end(blamed, "failed", at, message)
        for mark in self.marks.values():
            if mark.host == host and mark.entry.index > blamed.entry.index:
                self._end(mark, "skipped", at, f"{host} dropped out in {blamed.entry.name}.")

    def _drop_out(self, at: datetime) -> None:
        """Skip what waits for a host that has failed."""
        reasons = {m.host: m.entry.name for m in reversed(self.marks.values()) if m.state not in OPEN | GOOD}
        for mark in self.marks.values():
            if mark.state == "pending" and mark.host in reasons:
                self._end(mark, "skipped", at, f"{mark.host} dropped out in {reasons[mark.host]}.")

    def _end(self, mark: Mark, state: str, at: datetime, message: str | None) -> None:
        mark.state, mark.ended_at, mark.message = state, at, message
        self._touch(mark)

    def _touch(self, mark: Mark) -> None:
        self.touched[mark.entry.index, mark.host] = mark
        if mark.state != mark.told:
            mark.told = mark.state
            self.turns.append(mark.cell())

    def _of(self, entry: Entry) -> list[Mark]:
        return [self.marks[entry.index, host] for host in entry.part.hosts]

    def entry(self, key: str | None) -> Entry | None:
        """Return the element of a key."""
        return next((entry for entry in self.entries if entry.key == key), None)
