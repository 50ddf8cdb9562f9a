"""How long an operation will still take."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.saga import Operation, StepView
from services.cluster.domain.estimate import seconds_left
from services.cluster.storage.durations import median_seconds

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
USUAL = {"machines": 30.0, "configure": 100.0, "verify": 20.0}


def operation(state: str) -> Operation:
    return Operation(
        id="op_1",
        project_id="prj_1",
        saga="cluster.build",
        version=1,
        subject="clu_1",
        params={},
        context={},
        state=state,
        phase="forward",
        step=None,
        reason=None,
        fence=1,
        undo_ends_in="undone",
        created_at=NOW,
        started_at=NOW,
        ended_at=None,
        changed_at=NOW,
    )


def step(name: str, state: str, began_seconds_ago: float | None = None) -> StepView:
    began = None if began_seconds_ago is None else NOW - timedelta(seconds=began_seconds_ago)
    return StepView(
        name=name, title=name, phase="forward", state=state, reason=None, started_at=began, ended_at=None, units=[]
    )


@pytest.mark.parametrize(
    ("configure", "left"),
    [
        (step("configure", "pending"), 120.0),
        (step("configure", "running", 30), 90.0),
        (step("configure", "done"), 20.0),
    ],
)
def test_what_is_left_shrinks_as_steps_are_done(configure: StepView, left: float) -> None:
    steps = [step("machines", "done"), configure, step("verify", "pending")]
    assert seconds_left(operation("running"), steps, USUAL, NOW) == left


def test_a_step_that_takes_longer_than_usual_is_about_to_end() -> None:
    assert seconds_left(operation("running"), [step("configure", "running", 500)], USUAL, NOW) == 0.0


def test_nothing_is_said_without_history_or_when_it_does_not_go_forward() -> None:
    steps = [step("machines", "pending")]
    assert seconds_left(operation("running"), steps, {}, NOW) is None
    for state in ("parked", "undoing", "cancelling", "succeeded", "failed", "undone"):
        assert seconds_left(operation(state), steps, USUAL, NOW) is None


@pytest.mark.asyncio(loop_scope="session")
async def test_history_is_of_the_same_kind_and_blueprint_and_of_all_projects(world) -> None:
    alice = await world.person()
    cluster = await world.built(alice, "history")
    await world.deleted(alice, cluster["id"])
    async with world.cluster.context.db.all_projects(purpose="test") as tx:
        built = await median_seconds(tx, "cluster.build", cluster["blueprint"])
        assert {"hold_capacity", "configure", "verify", "finish"} <= set(built)
        assert all(seconds >= 0 for seconds in built.values())
        assert await median_seconds(tx, "cluster.build", "another") == {}
    bob = await world.person()
    begun = (await world.create(bob, "estimated")).json()
    shown = await world.show(bob, f"operations/{begun['operation_id']}")
    assert shown["state"] == "succeeded" or shown["seconds_left"] is not None
    await world.reach(bob, begun["operation_id"], "succeeded")
    await world.deleted(bob, begun["cluster_id"])
