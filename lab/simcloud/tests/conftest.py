"""One cloud for all tests of this folder, with fake nodes; tests that break things start their own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection

from lab.simcloud.tests.running import CLOUD_PORTS, RunningCloud, enrol
from tests.support.ports import free_range

NODES = 6


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A running cloud `gamma` with six free nodes."""
    folder: Path = tmp_path_factory.mktemp("simcloud")
    running = RunningCloud("gamma", folder / "state", free_range(CLOUD_PORTS), "10.99.0.0/24", "--step-seconds", "0.1")
    running.start()
    system = running.connect("system")
    for number in range(NODES):
        enrol(system, f"node-{number}")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def admin(cloud: RunningCloud) -> Connection:
    """The administrator of the project `admin`."""
    return cloud.connect("admin")


@pytest.fixture(scope="session")
def system(cloud: RunningCloud) -> Connection:
    """The operator, with system scope."""
    return cloud.connect("system")


@pytest.fixture(scope="session")
def heat(cloud: RunningCloud, admin: Connection) -> Any:
    """heatclient in the project `admin`."""
    return cloud.heat(admin)


@pytest.fixture(scope="session")
def tenant(cloud: RunningCloud, admin: Connection) -> Connection:
    """A member of the project `tenant`."""
    return member_of(cloud, admin, "tenant")


def member_of(cloud: RunningCloud, admin: Connection, name: str) -> Connection:
    """A new project of that name, and its member of the same name."""
    project = admin.identity.create_project(name=name, domain_id="default")
    user = admin.identity.create_user(name=name, password="secret", domain_id="default", default_project_id=project.id)
    admin.identity.assign_project_role_to_user(project, user, admin.identity.find_role("member"))
    return cloud.connect_as(username=name, password="secret", project_id=project.id)
