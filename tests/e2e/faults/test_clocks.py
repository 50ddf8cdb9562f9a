"""The clock of one service's machine is an hour ahead, or an hour behind."""

import pytest

from tests.e2e.faults.scene import Scene

pytestmark = [pytest.mark.machines, pytest.mark.slow]
_HOUR_SECONDS = 3600


@pytest.mark.parametrize("ahead", [_HOUR_SECONDS, -_HOUR_SECONDS], ids=["ahead", "behind"])
@pytest.mark.parametrize("service", ["node", "cluster", "authz", "secrets", "runner"])
def test_a_clock_that_is_wrong_by_an_hour(scene: Scene, service: str, ahead: int) -> None:
    build = scene.begin("timeless", until="create_machines")
    with scene.harm.clock_off(ahead, *scene.harm.processes_of(service)):
        parked = scene.parked(build.operation_id, "By the clock of", "signed this", "NTP")
    assert scene.resumed(parked.id).state == "succeeded"
    scene.stands_once(build)
