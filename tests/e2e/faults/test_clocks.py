"""The clock of one service's machine is an hour ahead, or an hour behind."""

import pytest

from tests.e2e.faults.scene import Scene

pytestmark = [pytest.mark.machines, pytest.mark.slow]
_HOUR_SECONDS = 3600
_wrong = pytest.mark.parametrize("ahead", [_HOUR_SECONDS, -_HOUR_SECONDS], ids=["ahead", "behind"])


@_wrong
@pytest.mark.parametrize("service", ["node", "cluster", "secrets", "runner"])
def test_a_clock_that_is_wrong_by_an_hour(scene: Scene, service: str, ahead: int) -> None:
    """Of the cluster service it is the worker's, since the reason is read from the other process."""
    build = scene.begin("timeless", until="create_machines")
    processes = ["cluster-work"] if service == "cluster" else scene.harm.processes_of(service)
    with scene.harm.clock_off(ahead, *processes):
        parked = scene.parked(build.operation_id, "By the clock of", "signed this", "NTP")
    assert scene.resumed(parked.id).state == "succeeded"
    scene.stands_once(build)


@_wrong
def test_what_is_under_way_does_not_heed_the_clock_of_authz(scene: Scene, ahead: int) -> None:
    build = scene.begin("timeless", until="create_machines")
    with scene.harm.clock_off(ahead, *scene.harm.processes_of("authz")):
        assert scene.ended(build.operation_id).state == "succeeded"
    scene.stands_once(build)
