"""Watch an operation: a live picture on a terminal, a line a change elsewhere."""

import threading
import time

from cloudpoint import ApiProblem, ConnectionFailed
from cloudpoint.command import exits
from cloudpoint.command.output import show_json
from cloudpoint.command.picture import picture, step_line
from cloudpoint.command.session import Session
from cloudpoint.generated import types
from rich.live import Live

_ENDED = {"succeeded": exits.OK, "undone": exits.OK, "failed": exits.OPERATION_FAILED, "parked": exits.OPERATION_FAILED}
_LOOK_SECONDS = 1.0


def watch_operation(session: Session, operation_id: str) -> int:
    """Show an operation until it ends or is parked; returns the exit code. Ctrl-C leaves it going on."""
    try:
        operation = _live(session, operation_id) if _for_people(session) else _lines(session, operation_id)
    except KeyboardInterrupt:
        session.console.print(f"\nIt goes on without you. Come back: cloudpoint operation watch {operation_id}")
        return exits.DETACHED
    if session.json:
        show_json(operation)
    elif operation.state == "parked":
        session.console.print(f"Resume it: cloudpoint operation resume {operation_id} --wait")
        if "undo" in operation.allowed:
            session.console.print(f"Or take it back: cloudpoint operation undo {operation_id} --wait")
    return _ENDED[operation.state]


class _Bell:
    """Rings when an event of the operation comes; without a stream, only the clock rings."""

    def __init__(self, session: Session, operation: types.Operation) -> None:
        self._rung = threading.Event()
        thread = threading.Thread(target=self._listen, args=(session, operation), daemon=True)
        thread.start()

    def wait(self) -> None:
        """Return when something happened, or after a second; at most five times a second."""
        self._rung.wait(_LOOK_SECONDS)
        time.sleep(0.2)
        self._rung.clear()

    def _listen(self, session: Session, operation: types.Operation) -> None:
        try:
            for _event in session.client.events.stream(operation.project_id):
                self._rung.set()
        except (ApiProblem, ConnectionFailed):
            return


def _for_people(session: Session) -> bool:
    return session.console.is_terminal and not session.json


def _live(session: Session, operation_id: str) -> types.Operation:
    operation = session.client.operations.show(operation_id)
    bell = _Bell(session, operation)
    with Live(console=session.console, auto_refresh=False) as live:
        while True:
            matrix = session.client.operations.matrix(operation_id)
            live.update(picture(operation, matrix), refresh=True)
            if operation.state in _ENDED:
                return operation
            bell.wait()
            operation = session.client.operations.show(operation_id)


def _lines(session: Session, operation_id: str) -> types.Operation:
    operation = session.client.operations.show(operation_id)
    bell = _Bell(session, operation)
    told: dict[str, str] = {}
    while True:
        for step in operation.steps:
            key, state = step.name, f"{step.phase}/{step.state}/{_notes(step)}"
            if step.state != "pending" and told.get(key) != state and not session.json:
                told[key] = state
                session.console.print(step_line(step), soft_wrap=True)
        if operation.state in _ENDED:
            if not session.json:
                session.console.print(picture(operation, session.client.operations.matrix(operation_id)))
            return operation
        bell.wait()
        operation = session.client.operations.show(operation_id)


def _notes(step: types.StepView) -> str:
    return "|".join(filter(None, [step.note, *(unit.note or "" for unit in step.units or [])]))
