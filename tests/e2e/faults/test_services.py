"""A service hangs for a minute, or a server is killed: builds wait for it and go on by themselves."""

import time

import pytest

from tests.e2e.faults.campaign import Campaign
from tests.e2e.faults.scene import Scene

pytestmark = [pytest.mark.machines, pytest.mark.slow]
_SERVICES = ("authz", "identity", "blueprint", "secrets", "node", "runner", "relay", "events")
_QUICK_SECONDS = 10.0
_NEEDED_EARLY = ("secrets", "identity")
"""Services that the first steps miss, which are over too soon to be waited for."""


@pytest.fixture
def minute_seconds(request: pytest.FixtureRequest) -> float:
    campaign = Campaign.of(request.config)
    return campaign.minute_seconds if campaign else _QUICK_SECONDS


@pytest.mark.parametrize("service", _SERVICES)
def test_a_service_that_hangs(scene: Scene, service: str, minute_seconds: float) -> None:
    early = service in _NEEDED_EARLY
    build = None if early else scene.begin("waits", until="reach_hosts" if service == "runner" else "create_machines")
    with scene.harm.frozen(*scene.harm.processes_of(service)):
        build = build or scene.begin("waits")
        time.sleep(minute_seconds)
    scene.succeeds(build)


@pytest.mark.parametrize("step", ["create_machines", pytest.param("configure", marks=pytest.mark.quick)])
def test_a_broker_that_is_killed(scene: Scene, step: str) -> None:
    build = scene.begin("busless", until=step)
    with scene.harm.no_bus():
        time.sleep(5)
    scene.succeeds(build)


@pytest.mark.parametrize("step", ["create_machines", "configure"])
def test_a_database_that_is_killed(scene: Scene, step: str) -> None:
    build = scene.begin("rowless", until=step)
    scene.harm.postgres.kill()
    time.sleep(5)
    scene.harm.postgres.start()
    scene.succeeds(build)
