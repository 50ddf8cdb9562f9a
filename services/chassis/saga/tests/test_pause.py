"""How long a step waits until its next look."""

import pytest

from services.chassis.saga.context import StepContext
from services.chassis.saga.ledger import UnitRow


@pytest.mark.parametrize(
    ("so_far", "pause"),
    [(None, 0.2), (0.0, 0.2), (10.0, 0.5), (40.0, 2.0), (3600.0, 3.0)],
)
def test_the_next_look_comes_after_a_part_of_the_time_so_far(so_far: float | None, pause: float) -> None:
    unit = UnitRow(
        step="s", key="", payload={}, phase="forward", state="waiting", attempts=0, note=None,
        due_in_seconds=None, running_for_seconds=so_far,
    )  # fmt: skip
    context = StepContext(operation=None, step="s", unit=unit, deps=None, ledger=None, results={}, lease_seconds=1.0)
    assert context.pause(0.2, 3.0) == pytest.approx(pause)
