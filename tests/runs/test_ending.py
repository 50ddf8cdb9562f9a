"""Runs that are ended: on request, by their time, by the death of their runner. Nothing lives on, on neither side."""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import yaml

from services.chassis.testing.waiting import until
from services.runner.schema import SCHEMA
from tests.runs.platform import Platform, Runner, element, exists, states
from tests.support.sshd import free_port


@pytest.fixture
async def runner(platform: Platform, fresh_database):
    async with platform.runner(await fresh_database(SCHEMA)) as one:
        yield one


def asleep(platform: Platform, seconds: int) -> dict[str, int]:
    """Return how many of a test's own processes each host has."""
    return {name: len(host.processes(f"sleep {seconds}")) for name, host in platform.floor.hosts.items()}


async def test_cancel_ends_both_sides(runner: Runner, platform: Platform) -> None:
    run_id = await runner.start([element("waiting", ["c1", "c2"], {"seconds": 311}), element("last", ["c1"])])
    await until(lambda: min(asleep(platform, 311)[host] for host in ("c1", "c2")) >= 2, seconds=20)
    sandbox = descendants_with("ansible-runner")
    assert sandbox
    assert (await runner.post(f"/internal/runs/{run_id}/cancel")).status_code == 202
    run = await runner.finish(run_id)
    assert (run["state"], set(states(run).values())) == ("cancelled", {"skipped"})
    assert asleep(platform, 311) == {"head": 0, "c1": 0, "c2": 0}
    assert not any(exists(f"/proc/{pid}") for pid in sandbox)
    again = await runner.post(f"/internal/runs/{run_id}/cancel")
    assert again.status_code == 202 and again.json()["state"] == "cancelled"


async def test_an_element_over_its_time_is_ended_and_the_others_go_on(runner: Runner, platform: Platform) -> None:
    late = element("waiting", ["c1"], {"seconds": 313}, timeout_seconds=4)
    run = await runner.run([late, element("last", ["c1", "c2"])])
    assert states(run) == {("waiting", "c1"): "failed", ("last", "c1"): "skipped", ("last", "c2"): "ok"}
    assert "took longer than 4 s" in run["reason"]
    assert asleep(platform, 313)["c1"] == 0


async def test_a_runner_that_is_stopped_ends_its_runs_first(platform: Platform, fresh_database) -> None:
    database = await fresh_database(SCHEMA)
    async with platform.runner(database) as first:
        run_id = await first.start([element("waiting", ["c1"], {"seconds": 319})])
        await until(lambda: asleep(platform, 319)["c1"] >= 2, seconds=20)
    assert asleep(platform, 319)["c1"] == 0
    async with platform.runner(database) as second:
        run = await second.get(f"/internal/runs/{run_id}")
    assert run["state"] == "lost" and "was stopped" in run["reason"]


async def test_a_host_that_takes_no_marks_is_named(runner: Runner, platform: Platform) -> None:
    host = platform.floor.add_host("deaf", "10.99.7.20", accept_env="LANG")
    run_id = await runner.start([element("waiting", ["deaf"], {"seconds": 323})])
    await until(lambda: host.processes("sleep 323") != [], seconds=20)
    await runner.post(f"/internal/runs/{run_id}/cancel")
    assert (await runner.finish(run_id))["state"] == "cancelled"
    assert "had started on deaf may be running still: its sshd does not take LC_CLOUDPOINT_RUN" in await runner.log(
        run_id
    )


async def test_a_runner_that_is_killed_leaves_nothing_and_says_lost_when_it_is_back(
    platform: Platform, fresh_database, tmp_path: Path
) -> None:
    config = configuration(platform, await fresh_database(SCHEMA), tmp_path)
    first = await RunnerProcess.start(platform, config)
    run_id = await first.runner.start([element("waiting", ["c1"], {"seconds": 317})])
    await until(lambda: asleep(platform, 317)["c1"] >= 2, seconds=20)
    sandbox = descendants(first.process.pid)
    assert len(sandbox) > 3
    await first.kill()
    await until(lambda: not any(exists(f"/proc/{pid}") for pid in sandbox), seconds=5)
    assert asleep(platform, 317)["c1"] >= 2

    second = await RunnerProcess.start(platform, config)
    try:
        run = await second.runner.finish(run_id)
        assert run["state"] == "lost" and "went away" in run["reason"]
        assert states(run) == {("waiting", "c1"): "failed"}
        assert asleep(platform, 317)["c1"] == 0
        events = (await second.runner.get(f"/internal/runs/{run_id}/events"))["items"]
        assert [event["number"] for event in events] == list(range(1, len(events) + 1))
        assert (await second.runner.run([element("last", ["c1"])]))["state"] == "succeeded"
    finally:
        await second.stop()


def configuration(platform: Platform, database: Any, folder: Path) -> Path:
    """Write the configuration file of a runner process."""
    text = {
        "listen": {"port": free_port()},
        "auth": msgspec.to_builtins(platform.authority.settings("runner")),
        "database": msgspec.to_builtins(database),
        "services": platform.services,
        "ansible": {"folder": str(platform.ansible)},
        "elements_folder": str(Path(__file__).parent / "elements"),
        "cache_folder": str(folder / "cache"),
        "name": f"killed-{folder.name}"[:40],
        "beat_seconds": 0.2,
        "sweep_seconds": 8.0,
    }
    path = folder / "runner.yaml"
    path.write_text(yaml.safe_dump(text))
    return path


class RunnerProcess:
    """The runner as a process of its own, as it is deployed."""

    def __init__(self, process: asyncio.subprocess.Process, runner: Runner) -> None:
        self.process = process
        self.runner = runner

    @classmethod
    async def start(cls, platform: Platform, config: Path) -> "RunnerProcess":
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.runner", "serve", "--config", str(config)),
            stdout=(config.parent / "runner.log").open("ab"),
            stderr=asyncio.subprocess.STDOUT,
        )
        url = f"http://127.0.0.1:{port_in(config)}"
        client = httpx.AsyncClient(base_url=url, timeout=30)

        async def ready() -> bool:
            try:
                return (await client.get("/readyz")).status_code == 200
            except httpx.HTTPError:
                return False

        await until(ready, seconds=20)
        return cls(process, Runner(platform, _Client(client)))  # type: ignore[arg-type]

    async def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> None:
        self.process.terminate()
        async with asyncio.timeout(20):
            assert await self.process.wait() == 0


@dataclass(frozen=True)
class _Client:
    client: Any


def port_in(config: Path) -> int:
    """Return the port that a configuration file names."""
    return int(yaml.safe_load(config.read_text())["listen"]["port"])


def descendants(pid: int) -> list[int]:
    """Return the ids of all processes below ``pid``, of every process namespace."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            found += [child, *descendants(child)]
    return found


def descendants_with(text: str) -> list[int]:
    """Return this process's descendants whose command line holds ``text``."""
    return [pid for pid in descendants(os.getpid()) if text in Path(f"/proc/{pid}/cmdline").read_text()]
