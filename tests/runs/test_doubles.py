"""The runner and the relay without machines, which other tests build on, answer as the real ones do."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.chassis.bus import Bus, BusSettings, Event
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.waiting import until
from services.cluster.tests.hosts import Hosts, relay_of, runner_of
from services.runner.schema import SCHEMA
from services.runner.states import ENDED
from tests.runs.platform import CLUSTER, PROJECT, Platform, Runner, element

WELL = {"ok": "done", "changed": "done"}
"""Whether an element had something to change is its own affair."""


@pytest.fixture
async def heard(amqp_url: str, tmp_path: Path) -> AsyncIterator[list[Event]]:
    """What the real runner tells of the ends of runs."""
    events: list[Event] = []

    async def hear(event: Event) -> None:
        events.append(event)

    bus = Bus(_bus(amqp_url, tmp_path), service="listener")
    await bus.start()
    await bus.subscribe(["run.changed"], hear)
    yield events
    await bus.stop()


async def test_the_runner_without_machines_answers_as_the_real_one(
    platform: Platform, fresh_database, amqp_url: str, tmp_path: Path, heard: list[Event]
) -> None:
    async with platform.runner(await fresh_database(SCHEMA), bus=_bus(amqp_url, tmp_path)) as runner:
        real = await observed(runner, heard, hold=lambda: None)
    async with double(platform) as (runner, told, hold):
        assert await observed(runner, told, hold) == real


@asynccontextmanager
async def double(platform: Platform) -> AsyncIterator[tuple[Runner, list[Event], Callable[[], None]]]:
    """The double: its runner, what it told, and what has its runs not end by themselves."""
    told: list[Event] = []

    async def tell(event: Event) -> None:
        told.append(event)

    hosts = Hosts(failing={"failing"}, tell=tell)
    async with running(runner_of(hosts), platform.authority, services=platform.services) as service:
        yield Runner(platform, service), told, lambda: hosts.unending.add((CLUSTER, "apply"))


async def observed(runner: Runner, told: list[Event], hold: Callable[[], None]) -> dict[str, Any]:
    """What the cluster service relies on. ``hold`` is called before the run that is cancelled."""
    return {
        "unknown": await _asked_for(runner, "run_nothing", runner.platform.headers("runner")),
        "well": await _well(runner, told),
        "failing": await _failing(runner, told),
        "cancelled": await _cancelled(runner, told, hold),
    }


async def _well(runner: Runner, told: list[Event]) -> dict[str, Any]:
    body = runner.request([element("last", ["c1", "c2"])])
    first, again = [await runner.post("/internal/runs", body) for _ in range(2)]
    stranger = runner.platform.authority.pass_for(
        "usr_2", "runner", projects={"prj_b": ["run.control"]}, service="cluster"
    )
    strangers = await _asked_for(runner, body["run_id"], stranger)
    ended = await runner.finish(body["run_id"])
    asked_again = await runner.post("/internal/runs", body)
    cancelled = await runner.post(f"/internal/runs/{body['run_id']}/cancel")
    return {
        "started": (first.status_code, first.json()["state"] in ENDED, _cells(first.json()), sorted(first.json())),
        "twice": (again.status_code, again.json()["created_at"] == first.json()["created_at"]),
        "of strangers": strangers,
        "started by strangers": (await runner.client.post("/internal/runs", headers=stranger, json=body)).status_code,
        "ended": _end(ended),
        "asked again": (asked_again.status_code, _end(asked_again.json())),
        "cancelled too late": (cancelled.status_code, _end(cancelled.json())),
        "log": await _log(runner, body["run_id"]),
        "told": await _told(told, body["run_id"]),
    }


async def _failing(runner: Runner, told: list[Event]) -> dict[str, Any]:
    hosts = ["c1", "c2"]
    parts = [element("greeting", ["c1"], {"text": "hello", "folder": str(runner.platform.folder)})]
    parts += [element("failing", ["c1"], {"on": ["c1"]}), element("last", hosts)]
    run = await runner.run(parts)
    (failed,) = (cell for cell in run["cells"] if cell["state"] == "failed")
    return {
        "ended": _end(run),
        "says": (bool(failed["task"]), bool(failed["message"])),
        "told": await _told(told, run["id"]),
    }


async def _cancelled(runner: Runner, told: list[Event], hold: Callable[[], None]) -> dict[str, Any]:
    hold()
    run_id = await runner.start([element("waiting", ["c1"], {"seconds": 307}), element("last", ["c1"])])
    asked = await runner.post(f"/internal/runs/{run_id}/cancel")
    ended = await runner.finish(run_id)
    again = await runner.post(f"/internal/runs/{run_id}/cancel")
    return {
        "asked": (asked.status_code, asked.json()["state"] in ENDED),
        "ended": _end(ended),
        "again": (again.status_code, _end(again.json())),
        "told": await _told(told, run_id),
    }


async def _asked_for(runner: Runner, run_id: str, headers: dict[str, str]) -> list[tuple[int, str]]:
    """How a run is answered that is not there for who asks: shown, read, cancelled."""
    path = f"/internal/runs/{run_id}"
    answers = [await runner.client.get(one, headers=headers) for one in (path, f"{path}/log")]
    answers.append(await runner.client.post(f"{path}/cancel", headers=headers))
    return [(answer.status_code, answer.json()["type"]) for answer in answers]


async def _log(runner: Runner, run_id: str) -> dict[str, Any]:
    whole = await runner.get(f"/internal/runs/{run_id}/log")
    rest = await runner.get(f"/internal/runs/{run_id}/log", offset=whole["next_offset"])
    return {"text": bool(whole["text"]), "ends": whole["next_offset"] == len(whole["text"]), "rest": rest["text"]} | {
        "complete": (whole["complete"], rest["complete"])
    }


async def _told(told: list[Event], run_id: str) -> list[Any]:
    """The last event of a run: what it is about and what it says."""

    def ends() -> list[Event]:
        return [event for event in told if event.subject == run_id and event.data["state"] in ENDED]

    await until(lambda: bool(ends()), seconds=15)
    data = [{**event.data, "reason": bool(event.data.get("reason"))} for event in ends()]
    return [(event.type, event.source, event.project_id, said) for event, said in zip(ends(), data, strict=True)]


def _end(run: dict[str, Any]) -> tuple[Any, ...]:
    return run["state"], bool(run["reason"]), bool(run["ended_at"]), _cells(run)


def _cells(run: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(cell["element"], cell["host"], WELL.get(cell["state"], cell["state"])) for cell in run["cells"]]


async def test_the_relay_without_machines_answers_as_the_real_one(platform: Platform) -> None:
    async with AsyncExitStack() as stack:
        service = relay_of(Hosts(silent={"dead"}))
        without = await stack.enter_async_context(running(service, platform.authority, services=platform.services))
        assert await probed(platform, without) == await probed(platform, platform.relay)


async def probed(platform: Platform, relay: RunningService) -> dict[str, Any]:
    """What the cluster service relies on of probes: of a host that answers, one that does not, and of strangers."""
    hosts = [{"host_id": f"hst_{name}", "name": name, "address": platform.host(name)["address"]} for name in HOSTS]
    body = {"project_id": PROJECT, "cluster_id": CLUSTER, "cloud_id": "alpha", "hosts": hosts, "timeout_seconds": 1.0}
    stranger = platform.authority.pass_for("usr_2", "relay", projects={"prj_b": ["host.connect"]}, service="cluster")
    answer = await relay.client.post("/internal/probes", headers=platform.headers("relay"), json=body)
    refused = await relay.client.post("/internal/probes", headers=stranger, json=body)
    return {
        "status": answer.status_code,
        "items": [_probe(item) for item in answer.json()["items"]],
        "of strangers": (refused.status_code, refused.json()["type"]),
    }


HOSTS = ("c1", "dead")


def _probe(item: dict[str, Any]) -> tuple[Any, ...]:
    keys = [key.split()[0] for key in item["host_keys"]]
    banner = (item["banner"] or "").partition("-")[0]
    return item["host_id"], item["reachable"], banner, "ssh-ed25519" in keys, bool(item["reason"])


def _bus(amqp_url: str, tmp_path: Path) -> BusSettings:
    return BusSettings(url=amqp_url, exchange=f"test.{tmp_path.name}")
