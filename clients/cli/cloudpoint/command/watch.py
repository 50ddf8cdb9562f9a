"""Watch an operation: a live picture on a terminal, a line a change elsewhere."""

import threading
import time
from collections.abc import Iterator

from rich.live import Live

from cloudpoint import ApiProblem, ConnectionFailed
from cloudpoint.command import exits
from cloudpoint.command.output import show_json
from cloudpoint.command.picture import outcome, picture, step_line
from cloudpoint.command.session import Session
from cloudpoint.generated import types

_ENDED = ("succeeded", "undone", "failed", "parked")
_BACKWARD = ("cancelling", "undoing", "undone")
_LOOK_SECONDS = 1.0
_REST_SECONDS = 0.3


def watch_operation(session: Session, operation_id: str, wanted: tuple[str, ...] = ("succeeded",)) -> int:
    """Show an operation until it ends or is parked; Ctrl-C leaves it going on.

    Returns the exit code: 0 if it ended in one of the states ``wanted``.
    """
    try:
        operation = _live(session, operation_id) if _for_people(session) else _lines(session, operation_id)
    except KeyboardInterrupt:
        session.tell(f"\nIt goes on without you. Come back: cloudpoint operation watch {operation_id}")
        return exits.DETACHED
    if session.json:
        show_json(operation)
    elif operation.state == "parked":
        session.tell(f"Resume it: cloudpoint operation resume {operation_id} --wait")
        if "undo" in operation.allowed:
            session.tell(f"Or take it back: cloudpoint operation undo {operation_id} --wait")
    return exits.OK if operation.state in wanted else exits.OPERATION_FAILED


class _Bell:
    """Rings when something happens in the operation's project; without a stream, only the clock rings."""

    def __init__(self, session: Session, project_id: str) -> None:
        self._rung = threading.Event()
        threading.Thread(target=self._listen, args=(session, project_id), daemon=True).start()

    def wait(self) -> None:
        """Return when something happened, or after a second; a few times a second at most."""
        time.sleep(_REST_SECONDS)
        self._rung.wait(_LOOK_SECONDS)
        self._rung.clear()

    def _listen(self, session: Session, project_id: str) -> None:
        try:
            for _event in session.client.events.stream(project_id, type="cluster.*"):
                self._rung.set()
        except (ApiProblem, ConnectionFailed):
            return


def _for_people(session: Session) -> bool:
    return session.console.is_terminal and not session.json


def _looks(session: Session, operation_id: str) -> Iterator[types.Operation]:
    """Yield the operation whenever something may have changed; the last one has ended or is parked."""
    operation = session.client.operations.show(operation_id)
    bell = _Bell(session, operation.project_id)
    while operation.state not in _ENDED:
        yield operation
        bell.wait()
        operation = session.client.operations.show(operation_id)
    yield operation


def _live(session: Session, operation_id: str) -> types.Operation:
    with Live(console=session.console, auto_refresh=False) as live:
        for operation in _looks(session, operation_id):
            live.update(picture(operation, session.client.operations.matrix(operation_id)), refresh=True)
    return operation


def _lines(session: Session, operation_id: str) -> types.Operation:
    told: dict[str, str] = {}
    for operation in _looks(session, operation_id):
        for step in [] if session.json else _in_time(operation):
            line = step_line(step, with_time=step.ended_at is not None)
            if step.state != "pending" and told.get(step.name) != line.plain:
                told[step.name] = line.plain
                session.console.print(line, soft_wrap=True)
    if not session.json:
        session.console.print(outcome(operation, session.client.operations.matrix(operation_id)))
    return operation


def _in_time(operation: types.Operation) -> list[types.StepView]:
    """Return the steps in the order in which they change: an undo begins with the last one."""
    if operation.state not in _BACKWARD:
        return operation.steps
    return [step for step in reversed(operation.steps) if step.phase == "undo"]
