"""Disks run full: work goes on where it can, waits where it cannot, and is whole when there is room again."""

import time
from pathlib import Path

import pytest

from cloudpoint import ApiProblem
from cloudpoint.generated import types
from tests.e2e.faults.scene import Scene
from tests.e2e.platform import awaited

pytestmark = [pytest.mark.machines, pytest.mark.slow]
_FULL_SECONDS = 20.0


def test_the_runners_log_has_no_room(scene: Scene, tmp_path: Path) -> None:
    with scene.harm.log_on_small_disk("runner-serve", tmp_path / "log") as disk:
        disk.fill()
        build = scene.begin("wordless")
        scene.succeeds(build)
        disk.clear()
        scene.delete(build)


@pytest.mark.parametrize("step", ["create_machines", "configure"])
def test_the_database_has_no_room(scene: Scene, step: str) -> None:
    with scene.harm.database_on_small_disk(spare_megabytes=24) as disk:
        build = awaited(lambda: _begun(scene), bool, 60)
        scene.reach(build.operation_id, step)
        disk.fill()
        time.sleep(_FULL_SECONDS)
        disk.clear()
        if not scene.harm.postgres.running():
            scene.harm.postgres.start()
        scene.succeeds(build)


def _begun(scene: Scene) -> types.Accepted | None:
    try:
        return scene.begin("roomless")
    except ApiProblem as problem:
        assert problem.status == 503, problem
        return None
