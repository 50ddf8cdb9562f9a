"""A service hangs for a minute, or a server is killed: builds wait for it and go on by themselves."""

import time

import pytest

from tests.e2e.faults.campaign import Campaign
from tests.e2e.faults.scene import Scene

pytestmark = [pytest.mark.machines, pytest.mark.slow]
_SERVICES = ("authz", "identity", "blueprint", "secrets", "node", "runner", "relay", "events")
_QUICK_SECONDS = 10.0
_NEEDED_FROM = {"secrets": "hold_capacity", "identity": "make_authority", "runner": "reach_hosts"}
"""The step from which on a service is missed; others from when machines are made."""


@pytest.fixture
def minute_seconds(request: pytest.FixtureRequest) -> float:
    campaign = Campaign.of(request.config)
    return campaign.minute_seconds if campaign else _QUICK_SECONDS


@pytest.mark.parametrize("service", _SERVICES)
def test_a_service_that_hangs(scene: Scene, service: str, minute_seconds: float) -> None:
    build = scene.begin("waits", until=_NEEDED_FROM.get(service, "create_machines"))
    with scene.harm.frozen(*scene.harm.processes_of(service)):
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
