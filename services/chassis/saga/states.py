"""The states of operations and of units, a sentence each."""

from typing import Literal

import msgspec


class State(msgspec.Struct, frozen=True):
    """``target`` names where a transitional state leads; a stable one has none."""

    name: str
    sentence: str
    target: str | None = None

    @property
    def stable(self) -> bool:
        """Whether it stays until somebody asks for something."""
        return self.target is None


def _table(*states: State) -> dict[str, State]:
    return {state.name: state for state in states}


OPERATION_STATES = _table(
    State("queued", "It waits for a worker.", target="succeeded"),
    State("running", "Its steps are being done.", target="succeeded"),
    State("parked", "A step failed; what works is kept, and it waits for a resume or an undo."),
    State("cancelling", "What runs is being stopped, then the steps are undone.", target="undone"),
    State("undoing", "Its steps are being undone, the last one first.", target="undone"),
    State("succeeded", "All steps are done."),
    State("failed", "A step failed before anything existed outside; all is as it was before."),
    State("undone", "It was undone as asked; all is as it was before."),
)

STEP_STATES = _table(
    State("pending", "Its turn has not come."),
    State("running", "It is being done, or undone in the phase `undo`.", target="done"),
    State("done", "It is done, or undone in the phase `undo`."),
    State("failed", "It could not be done (or undone); its reason says why."),
)

UNIT_STATES = _table(
    State("pending", "Its turn has not come."),
    State("running", "It is being worked on.", target="done"),
    State("waiting", "It waits for something outside and is looked at again.", target="done"),
    State("retrying", "It met a passing trouble and is tried again.", target="done"),
    State("done", "It is done, or undone in the phase `undo`."),
    State("failed", "It could not be done (or undone); its reason says why."),
)

Phase = Literal["forward", "undo"]

ACTIVE = tuple(state.name for state in OPERATION_STATES.values() if not state.stable)
"""The states in which a worker has something to do."""

FINAL = ("succeeded", "failed", "undone")

CHANNEL = "cloudpoint_saga"
"""Where workers are told (NOTIFY) that an operation wants a look; the payload is its id."""
