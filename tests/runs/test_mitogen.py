"""The same runs with mitogen carrying the modules: quicker, and otherwise the same."""

import pytest

from services.chassis.testing.waiting import until
from services.runner.config import AnsibleRuntimeSettings
from services.runner.schema import SCHEMA
from tests.runs.platform import Platform, Runner, element, states


@pytest.fixture
async def runner(platform: Platform, fresh_database):
    ansible = AnsibleRuntimeSettings(str(platform.ansible), mitogen=True)
    async with platform.runner(await fresh_database(SCHEMA), ansible=ansible) as one:
        yield one


async def test_the_matrix_is_the_same(runner: Runner, platform: Platform, tmp_path) -> None:
    hosts = ["head", "c1", "c2", "dead"]
    greeting = {"text": "hello", "folder": str(tmp_path)}
    elements = [element("greeting", hosts, greeting), element("failing", hosts, {"on": ["c2"]})]
    run = await runner.run(elements)
    assert states(run) == {
        **{("greeting", host): "changed" for host in ("head", "c1", "c2")},
        ("greeting", "dead"): "unreachable",
        **{("failing", host): "ok" for host in ("head", "c1")},
        ("failing", "c2"): "failed",
        ("failing", "dead"): "skipped",
    }, run["reason"]


async def test_cancel_ends_both_sides(runner: Runner, platform: Platform) -> None:
    host = platform.floor.hosts["c1"]
    run_id = await runner.start([element("waiting", ["c1"], {"seconds": 331})])
    await until(lambda: len(host.processes("sleep 331")) >= 2, seconds=20)
    await runner.post(f"/internal/runs/{run_id}/cancel")
    assert (await runner.finish(run_id))["state"] == "cancelled"
    assert host.processes("sleep 331") == host.processes("mitogen") == []
