"""The moments of a unit's way between which a process can die: a test may watch a worker of its own pass them."""

from collections.abc import Callable
from typing import Literal

import msgspec

from services.chassis.saga.states import Phase

Point = Literal["begun", "returned", "written"]
"""``begun``: its function is called next. ``returned``: the function is through, and nothing of its outcome is written.
``written``: the outcome is committed."""


class Moment(msgspec.Struct, frozen=True):
    """A unit of a step passes a point, in the task that works on it."""

    saga: str
    phase: Phase
    step: str
    unit: str
    point: Point


Watch = Callable[[Moment], None]


def unwatched(_moment: Moment) -> None:
    """Nobody looks: so does every worker of the product."""
