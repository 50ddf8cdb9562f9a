"""How long an operation will still take, judged by how long earlier ones of its kind took."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.chassis.saga import Operation, StepView

_GOING_FORWARD = ("queued", "running")


def seconds_left(
    operation: Operation, steps: Sequence[StepView], usual_seconds: Mapping[str, float], now: datetime
) -> float | None:
    """Return the seconds until an operation succeeds if its steps take as long as usual.

    ``usual_seconds`` says so by the step's name; a step that it does not know counts as nothing. None without any
    history, and for an operation that does not go forward.
    """
    if not usual_seconds or operation.state not in _GOING_FORWARD:
        return None
    return round(sum(_left(step, usual_seconds.get(step.name, 0.0), now) for step in steps), 1)


def _left(step: StepView, usual: float, now: datetime) -> float:
    if step.state == "done":
        return 0.0
    spent = (now - step.started_at).total_seconds() if step.started_at else 0.0
    return max(0.0, usual - spent)
