"""One cloud for the whole suite: the emulated one by default, `--cloud FILE` (or CONTRACT_CLOUD) any other."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.chassis.cloud import CloudAccess, CloudThreads
from tests.contract.openstack.api import Api
from tests.contract.openstack.builds import Batch, Builds, Life
from tests.contract.openstack.cloud import Cloud, described
from tests.contract.openstack.doomed import Doomed, doomed_builds, silent_node
from tests.contract.openstack.emulated import emulated
from tests.contract.openstack.stage import Stage, staged
from tests.contract.openstack.witness import Witness


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract")
    group.addoption("--cloud", help="cloud.json of the cloud to look at instead of the emulated one")
    group.addoption("--record", action="store_true", help="add what this cloud answers to observed/")
    group.addoption("--keep", action="store_true", help="leave the suite's nodes at the cloud: the next run is quicker")


def _option(request: pytest.FixtureRequest, name: str) -> Any:
    """An option; it is not there when pytest came to this folder by itself, from the root."""
    return request.config.getoption(name, default=None)


@pytest.fixture(scope="session")
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    file = _option(request, "--cloud") or os.environ.get("CONTRACT_CLOUD")
    if file:
        if os.environ.get("CLOUDPOINT_LIVE"):
            request.getfixturevalue("lab")
        yield described(Path(file))
        return
    with emulated(tmp_path_factory.mktemp("contract")) as running:
        yield running


@pytest.fixture(scope="session")
def threads() -> Iterator[CloudThreads]:
    pool = CloudThreads(8)
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest, cloud: Cloud, threads: CloudThreads) -> Iterator[Stage]:
    """What the tests play on: a project and a user by our own adapter, fake nodes, their flavor."""
    with staged(cloud, threads, keep=bool(_option(request, "--keep"))) as made:
        yield made


@pytest.fixture(scope="session")
def doomed(cloud: Cloud, threads: CloudThreads, stage: Stage) -> Iterator[Doomed]:
    """Builds that are on their way to their failure."""
    with doomed_builds(cloud, threads, stage) as builds:
        yield builds


@pytest.fixture(scope="session")
def silent(cloud: Cloud, stage: Stage) -> Iterator[str]:
    """A node whose BMC does not answer."""
    with silent_node(cloud) as node_id:
        yield node_id


@pytest.fixture(scope="session")
def builds(cloud: Cloud, stage: Stage) -> Iterator[Builds]:
    """Builds that were ordered."""
    ordered = Builds(cloud, stage)
    yield ordered
    ordered.remove()


@pytest.fixture(scope="session")
def batch(builds: Builds) -> Batch:
    """A batch of two machines that stands."""
    return builds.batch.result()


@pytest.fixture(scope="session")
def life(builds: Builds) -> Life:
    """A server that stands and runs: in a run of more than ten minutes Nova has seen that its fake node is off."""
    made = builds.life.result()
    made.run()
    return made


@pytest.fixture(scope="session", autouse=True)
def begun_early(request: pytest.FixtureRequest) -> None:
    """Begin with what takes long, if any of this session's tests here wants it."""
    mine = [item for item in request.session.items if Path(__file__).parent in item.path.parents]
    wanted = {name for item in mine for name in getattr(item, "fixturenames", ())}
    for name in sorted(wanted & {"builds", "doomed", "silent"}):
        request.getfixturevalue(name)


@pytest.fixture(scope="session")
def witness(request: pytest.FixtureRequest, cloud: Cloud, stage: Stage) -> Witness:
    """Compares with the real services, or records them."""
    recording = bool(_option(request, "--record"))
    assert not (recording and cloud.emulated), "only what a real cloud answers is recorded"
    return Witness(stage.names, recording=recording)


@pytest.fixture(scope="session")
def admin(cloud: Cloud) -> Api:
    """The administrator in a project."""
    return cloud.api(cloud.access("admin"))


@pytest.fixture(scope="session")
def system(cloud: Cloud) -> Api:
    """The operator, with system scope."""
    return cloud.api(cloud.access("system"))


@pytest.fixture(scope="session")
def access(stage: Stage) -> CloudAccess:
    """The project's own access, as identity hands it out."""
    return stage.access


@pytest.fixture(scope="session")
def member(cloud: Cloud, access: CloudAccess) -> Api:
    """The project's own user."""
    return cloud.api(access)
