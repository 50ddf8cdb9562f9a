"""The scene of all faults, taken back after each; and which of them run without being asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudpoint import Client
from cloudpoint.generated import types
from tests.e2e.faults.campaign import Campaign
from tests.e2e.faults.harm import Harm
from tests.e2e.faults.scene import Scene
from tests.e2e.platform import Platform


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if Campaign.of(config) is None:
        skipped = pytest.mark.skip(reason="takes minutes: `make faults-real`")
        for item in items:
            if item.path.is_relative_to(__file__.rpartition("/")[0]) and not item.get_closest_marker("quick"):
                item.add_marker(skipped)


@pytest.fixture(scope="session")
def whole_scene(
    platform: Platform,
    customer: Client,
    operator: Client,
    project: types.Project,
    parameters: dict[str, object],
    key_file: Path,
) -> Scene:
    harm = Harm(platform)
    return Scene(platform, harm, customer, operator, platform.administrator(), project, parameters, key_file)


@pytest.fixture
def scene(whole_scene: Scene) -> Iterator[Scene]:
    """The scene; whatever a test leaves is mended and taken back, and then nothing may be left over."""
    whole_scene.clear()
    before = whole_scene.holdings()
    yield whole_scene
    for machine in whole_scene.platform.machines():
        whole_scene.platform.rack("mend", machine, "all")
    whole_scene.clear()
    whole_scene.nothing_is_left(before)
