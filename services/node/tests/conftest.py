"""A running node service on its own database, before an emulated Ironic with fake nodes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import yaml
from openstack.connection import Connection

from lab.simcloud.tests.running import RunningCloud, enrol
from services.chassis.db import Database
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.node.config import CloudSettings
from services.node.main import SERVICE
from services.node.schema import SCHEMA
from tests.support.ports import free_range

CLOUD_PORTS = 8
NODES = 3
PROJECT, OTHER_PROJECT = "prj_a", "prj_b"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    running_cloud = RunningCloud(
        "alpha", tmp_path_factory.mktemp("node-cloud") / "state", free_range(CLOUD_PORTS), "10.99.2.0/24"
    )
    running_cloud.start()
    for number in range(NODES):
        enrol(running_cloud.connect("system"), f"bm-{number}")
    yield running_cloud
    running_cloud.stop()


@pytest.fixture
def system(cloud: RunningCloud) -> Connection:
    """The operator of the cloud, with system scope."""
    return cloud.connect("system")


@pytest.fixture
async def db(fresh_database) -> AsyncIterator[Database]:
    database = Database(await fresh_database(SCHEMA), service="node")
    yield database
    await database.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "keys")


@pytest.fixture
async def node(authority: Authority, fresh_database, cloud: RunningCloud) -> AsyncIterator[RunningService]:
    """The service, which has looked once."""
    entry = yaml.safe_load(cloud.clouds_file.read_text())["clouds"]["system"]
    clouds = {"alpha": CloudSettings(region=cloud.name, auth=entry["auth"])}
    async with running(SERVICE, authority, database=await fresh_database(SCHEMA), clouds=clouds) as service:
        await service.context.watches["alpha"].look()
        yield service


@pytest.fixture
def operator(authority: Authority):
    """Return the headers of an operator; made anew for each request, since a proof is good once."""
    permissions = ["node.read", "node.power", "node.maintain"]
    return lambda: authority.pass_for("usr_operator", "node", platform=permissions)


@pytest.fixture
def cluster_service(authority: Authority):
    """Return the headers of the cluster service, for a project's operation (None: a reconciler)."""

    def headers(project: str | None = PROJECT) -> dict[str, str]:
        held = ["capacity.read", "node.hold"]
        scope = {"projects": {project: held}} if project else {"platform": held}
        mandate = authority.mandate_for("usr_1", "cluster", **scope)
        return authority.hop_for(mandate, "node", service="cluster")

    return headers
