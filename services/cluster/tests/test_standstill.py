"""When it is said that a cloud stands still, and when not."""

import pytest

from services.cluster.domain.machine_group import GroupState, Observation
from services.cluster.domain.standstill import Standstills
from services.cluster.tests.test_placement import health

PATIENCE = 60.0


class Clock:
    """Time as a test wants it, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def standstills(clock: Clock) -> Standstills:
    return Standstills(PATIENCE, clock)


def group(progress: str, state: GroupState = GroupState.CHANGING, reference: str = "ref") -> Observation:
    return Observation(state, reference, progress=frozenset({progress}))


def test_a_group_that_nobody_works_on_is_told_of_and_then_again_only_after_as_long(standstills, clock) -> None:
    assert standstills.told(group("a"), []) is None
    clock.now += PATIENCE
    assert standstills.told(group("a"), []) is None
    clock.now += 1
    assert "stood still for 61 s" in str(standstills.told(group("a"), []))
    clock.now += PATIENCE
    assert standstills.told(group("a"), []) is None
    clock.now += 1
    assert standstills.told(group("a"), [])


def test_whatever_moves_begins_patience_anew(standstills, clock) -> None:
    standstills.told(group("a"), [])
    clock.now += PATIENCE
    standstills.told(group("b"), [])
    clock.now += PATIENCE
    assert standstills.told(group("b"), [health(1, "nod_1", "active")]) is None
    clock.now += PATIENCE
    assert standstills.told(group("b"), [health(1, "nod_1", "active")]) is None
    clock.now += 1
    assert standstills.told(group("c", reference="another"), []) is None
    assert standstills.told(group("b"), [health(1, "nod_1", "active")])


@pytest.mark.parametrize(
    ("state", "node", "waits"),
    [
        (GroupState.CHANGING, "deploying", True),
        (GroupState.CHANGING, "deploy failed", True),
        (GroupState.CHANGING, None, True),
        (GroupState.CHANGING, "active", False),
        (GroupState.REMOVING, "deleting", True),
        (GroupState.REMOVING, "cleaning", True),
        (GroupState.REMOVING, "deploying", True),
        (GroupState.REMOVING, "error", False),
        (GroupState.REMOVING, "active", False),
        (GroupState.REMOVING, None, False),
    ],
)
def test_a_cloud_may_wait_for_a_machine(standstills, clock, state, node, waits) -> None:
    machines = [health(1, "nod_1", "active"), health(2, "nod_2" if node else None, node)]
    standstills.told(group("a", state), machines)
    clock.now += 10 * PATIENCE
    assert (standstills.told(group("a", state), machines) is None) is waits


@pytest.mark.parametrize(
    ("state", "failed"),
    [("deploy failed", {"server-2"}), ("error", {"server-2"}), ("deleting", set()), ("active", set()), (None, set())],
)
def test_a_machine_that_nobody_works_on_has_failed_only_after_as_long(standstills, clock, state, failed) -> None:
    machines = [health(1, "nod_1", "active"), health(2, "nod_2" if state else None, state, reason="It is broken.")]
    seen = group("", GroupState.COMPLETE)
    assert not standstills.failed(seen, machines)
    clock.now += PATIENCE
    assert not standstills.failed(seen, machines)
    clock.now += 1
    assert standstills.failed(seen, machines) == failed
    assert not standstills.failed(seen, machines)


def test_patience_begins_when_the_wait_for_a_machine_ends(standstills, clock) -> None:
    for state in ("deleting", None):
        standstills.told(group("a", GroupState.REMOVING), [health(1, "nod_1", state)])
        clock.now += PATIENCE
    assert standstills.told(group("a", GroupState.REMOVING), [health(1, "nod_1", None)]) is None
