"""A worker stands still for half a minute and wakes up when another one has its work: it changes nothing any more."""

import json
import time
from collections.abc import Iterator

import pytest

from cloudpoint.generated import types
from tests.e2e.faults.campaign import Campaign
from tests.e2e.faults.scene import Scene
from tests.e2e.platform import awaited
from tests.faults.armed import Armed, Place

pytestmark = [pytest.mark.machines, pytest.mark.slow]
_SLEEP_SECONDS = 30.0
_ORPHANS_SECONDS = 240.0
REPLY = Place("cluster.build", "forward", "create_machines", "reply")
CALL = Place("cluster.build", "forward", "create_machines", "before", "heat create")


@pytest.fixture
def sleep_seconds(request: pytest.FixtureRequest) -> float:
    """How long it sleeps at least: longer than another one needs to take over, in any case."""
    return _SLEEP_SECONDS if Campaign.of(request.config) else 0.0


@pytest.fixture
def armed(scene: Scene) -> Iterator[Armed]:
    """Where workers stand still; another one takes over as soon as the lease ends."""
    with scene.platform.mortal_worker() as armed:
        yield armed


@pytest.mark.parametrize(
    "place",
    [pytest.param(REPLY, id="with-an-outcome-to-write", marks=pytest.mark.quick), pytest.param(CALL, id="with-a-call")],
)
def test_a_sleeper_that_lost_its_lease_changes_nothing(
    scene: Scene, armed: Armed, place: Place, sleep_seconds: float
) -> None:
    build, begun = _asleep(scene, armed, place)
    scene.succeeds(build)
    rows, held = scene.platform.databases().operation(build.operation_id), scene.holdings()
    time.sleep(max(0.0, sleep_seconds - (time.monotonic() - begun)))
    armed.wake(place)
    awaited(lambda: _leases_lost(scene, build), lambda lost: lost == 1, 60)
    assert scene.platform.databases().operation(build.operation_id) == rows
    assert scene.holdings() == held
    scene.stands_once(build)


def test_what_a_sleeper_makes_of_a_cluster_that_is_gone_is_removed(scene: Scene, armed: Armed) -> None:
    before = scene.holdings()
    build, begun = _asleep(scene, armed, CALL)
    scene.succeeds(build)
    scene.delete(build)
    time.sleep(max(0.0, _SLEEP_SECONDS - (time.monotonic() - begun)))
    armed.wake(CALL)
    awaited(lambda: _leases_lost(scene, build), lambda lost: lost == 1, 60)
    awaited(scene.holdings, lambda held: held == before, _ORPHANS_SECONDS)


def _asleep(scene: Scene, armed: Armed, place: Place) -> tuple[types.Accepted, float]:
    """Begin a build and wait until its worker stands still."""
    armed.arm(place, fault="reorder")
    build = scene.begin("sleeper")
    awaited(armed.fired, lambda fired: fired == {place}, 120)
    return build, time.monotonic()


def _leases_lost(scene: Scene, build: types.Accepted) -> int:
    """Count how often a worker said that it lost the lease of a build."""
    lines = (scene.platform.state / "log/cluster-work.log").read_text().splitlines()
    said = [json.loads(line) for line in lines if line.startswith("{") and "saga.lease_lost" in line]
    return sum(line.get("operation_id") == build.operation_id for line in said)
