"""A process among others: whether it is ready, what it tells the bus, what it hears, and how it ends."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from sanic import Sanic

from lab.launcher.postgres import PrivatePostgres
from services.chassis import app
from services.chassis.app import readiness
from services.chassis.auth import revocation_sync
from services.chassis.auth.revocation import Revocation
from services.chassis.auth.revocation_sync import RevocationPage
from services.chassis.bus import Bus, BusSettings, Event, new_event
from services.chassis.config import LimitSettings, Listen
from services.chassis.routing import Call, Exposure, RouteTable
from services.chassis.serve import run_process
from services.chassis.testing.app import RunningService, free_port, running
from services.chassis.testing.authority import Authority
from services.chassis.testing.sample.schema import SCHEMA
from services.chassis.testing.waiting import until
from services.chassis.tests.desk import Desk, Settings, open_context, service
from tests.support.servers import FreshDatabase

STOP_SECONDS = 3.0


@pytest.fixture
def bus_settings(amqp_url: str) -> BusSettings:
    """An exchange of this test's own."""
    return BusSettings(url=amqp_url, exchange=f"test.{secrets.token_hex(4)}")


@pytest.fixture
async def bus(bus_settings: BusSettings) -> AsyncIterator[Bus]:
    """A bystander on the bus."""
    one = Bus(bus_settings, service="listener")
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
def reader(authority: Authority) -> dict[str, str]:
    return authority.pass_for("usr_r", "desk", projects={"prj_a": ["project.read"]})


async def ready(one: RunningService) -> tuple[int, dict[str, str]]:
    answer = await one.client.get("/readyz")
    assert answer.json()["ready"] is (answer.status_code == 200)
    return answer.status_code, answer.json()["complaints"]


async def test_ready_means_that_the_database_answers(
    authority: Authority, reader: dict[str, str], fresh_database: FreshDatabase, private_postgres: PrivatePostgres
) -> None:
    database = await fresh_database(SCHEMA)
    async with running(service(), authority, database=database) as desk:
        _check_database(desk)
        assert await ready(desk) == (200, {})
        assert (await desk.client.get("/v1/stored", headers=reader)).status_code == 204
        await asyncio.to_thread(private_postgres.stop)
        try:
            status, complaints = await ready(desk)
            assert status == 503 and "does not answer" in complaints["database"]
            answer = await desk.client.get("/v1/stored", headers=reader)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert (await desk.client.get("/healthz")).status_code == 200
        finally:
            await asyncio.to_thread(private_postgres.start)
        assert await ready(desk) == (200, {})
        assert (await desk.client.get("/v1/stored", headers=reader)).status_code == 204


async def test_a_check_that_hangs_or_breaks_is_a_complaint(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_CHECK_SECONDS", 0.2)

    async def hang() -> None:
        await asyncio.Event().wait()

    async def break_down() -> None:
        raise RuntimeError("The catalogue is gone.")

    async with running(service(), authority) as desk:
        desk.process.checks |= {"slow": hang, "catalogue": break_down}
        found = await readiness(desk.process)
        assert found == {"slow": "No answer in 0.2 s.", "catalogue": "The catalogue is gone."}
        desk.process.stopping.set()
        assert "stopping" in (await readiness(desk.process))["process"]


async def test_a_refusal_is_told_on_the_bus_with_who_and_through_whom(
    authority: Authority, reader: dict[str, str], bus: Bus, bus_settings: BusSettings
) -> None:
    heard: list[Event] = []

    async def hear(event: Event) -> None:
        heard.append(event)

    await bus.subscribe(["audit.refused"], hear)
    async with running(service(), authority, bus=bus_settings) as desk:
        await desk.client.post("/v1/letters", json={}, headers=reader)
        await desk.client.get("/v1/letters")
        await until(lambda: len(heard) == 2)
    first, second = heard
    assert (first.subject, first.source) == ("usr_r", "desk")
    assert first.data["chain"] == ["gateway"] and first.data["permission"] == "project.manage"
    assert (first.data["route"], first.data["status"]) == ("POST /v1/letters", 403)
    assert (second.subject, second.data["status"]) == ("nobody", 401)


async def test_revocations_come_by_event_and_by_pull(
    authority: Authority, reader: dict[str, str], bus: Bus, bus_settings: BusSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation_sync, "PULL_SECONDS", 0.1)
    async with contextlib.AsyncExitStack() as stack:
        authz, kept = await stack.enter_async_context(running_authz(authority))
        services = {"authz": authz.url}
        desk = await stack.enter_async_context(running(service(), authority, bus=bus_settings, services=services))
        assert (await desk.client.get("/v1/letters", headers=reader)).status_code == 200
        await until(lambda: kept.asked > 0)
        await asyncio.sleep(0.2)
        data = {"number": 1, "kind": "subject", "value": "usr_r", "before": time.time() + 5}
        await bus.publish(new_event("authz.revoked", source="authz", subject="usr_r", data=data))
        await until(lambda: _status(desk, reader, 401))
        other = authority.pass_for("usr_o", "desk", projects={"prj_a": ["project.read"]})
        assert (await desk.client.get("/v1/letters", headers=other)).status_code == 200
        kept.items.append(Revocation(2, "subject", "usr_o", time.time() + 5))
        await until(lambda: _status(desk, other, 401))
        await until(lambda: kept.since == 2)


async def _status(desk: RunningService, headers: dict[str, str], wanted: int) -> bool:
    return (await desk.client.get("/v1/letters", headers=headers)).status_code == wanted


async def test_a_process_ends_requests_and_streams_and_takes_no_new_ones(
    authority: Authority, reader: dict[str, str]
) -> None:
    async with process(authority) as (url, desk, task), httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/readyz")).json() == {"ready": True, "complaints": {}}
        slow = asyncio.create_task(client.get("/v1/slow", headers=reader))
        stream = asyncio.create_task(client.get("/v1/stream", headers=reader))
        await asyncio.wait_for(desk.entered.wait(), STOP_SECONDS)
        await until(lambda: desk.streaming.is_set())
        desk.process.stopping.set()
        assert (await stream).text.startswith("data: ")
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient(base_url=url) as another:
                await another.get("/v1/letters", headers=reader)
        assert not task.done()
        desk.leave.set()
        assert (await slow).status_code == 200
        ended = time.monotonic()
        assert await task == 0
        assert time.monotonic() - ended < STOP_SECONDS


async def test_a_request_that_does_not_end_is_cut_in_time(authority: Authority, reader: dict[str, str]) -> None:
    async with process(authority, stop_seconds=0.3) as (url, desk, task), httpx.AsyncClient(base_url=url) as client:
        slow = asyncio.create_task(client.get("/v1/slow", headers=reader))
        await asyncio.wait_for(desk.entered.wait(), STOP_SECONDS)
        desk.process.stopping.set()
        begun = time.monotonic()
        assert await task == 0
        assert time.monotonic() - begun < STOP_SECONDS
        with pytest.raises(httpx.TransportError):
            await slow


async def test_refusals_of_the_last_moment_are_still_told(
    authority: Authority, bus: Bus, bus_settings: BusSettings
) -> None:
    """One that was on its way may be told twice; its id stays the same."""
    heard: list[Event] = []

    async def hear(event: Event) -> None:
        heard.append(event)

    await bus.subscribe(["audit.refused"], hear)
    async with process(authority, bus=bus_settings) as (url, desk, task), httpx.AsyncClient(base_url=url) as client:
        await client.get("/readyz")
        answers = await asyncio.gather(*(client.get("/v1/letters") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {401}
        desk.process.stopping.set()
        await task
    await until(lambda: len({event.id for event in heard}) == 20)


@contextlib.asynccontextmanager
async def process(
    authority: Authority, *, stop_seconds: float = STOP_SECONDS, **settings: BusSettings
) -> AsyncIterator[tuple[str, Desk, asyncio.Task[int]]]:
    """Run a whole process as ``serve`` does, until its ``stopping`` is set."""
    opened: asyncio.Future[Desk] = asyncio.get_running_loop().create_future()

    @contextlib.asynccontextmanager
    async def context(process_context: object) -> AsyncIterator[Desk]:
        async with open_context(process_context) as desk:
            opened.set_result(desk)
            yield desk

    port = free_port()
    made = Settings(
        listen=Listen(port=port),
        auth=authority.settings("desk"),
        limits=LimitSettings(stop_seconds=stop_seconds),
        **settings,
    )
    task = asyncio.create_task(run_process(service(context=context), made, work=False))
    desk = await asyncio.wait_for(opened, STOP_SECONDS)
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url) as client:
        await until(lambda: _listens(client, task))
    try:
        yield url, desk, task
    finally:
        desk.process.stopping.set()
        await asyncio.gather(task, return_exceptions=True)
        Sanic.unregister_app(Sanic.get_app("cloudpoint_desk"))


async def _listens(client: httpx.AsyncClient, task: asyncio.Task[int]) -> bool:
    if task.done():
        task.result()
    try:
        return (await client.get("/healthz")).status_code == 200
    except httpx.TransportError:
        return False


def _check_database(desk: RunningService) -> None:
    async def database() -> None:
        await desk.process.database.ready(SCHEMA)

    desk.process.checks["database"] = database


class Since(msgspec.Struct, frozen=True):
    """What a pull asks for."""

    since: int


class Kept:
    """What the authz of these tests answers to a pull, and what it was asked."""

    def __init__(self) -> None:
        self.items: list[Revocation] = []
        self.asked = 0
        self.since = 0


@contextlib.asynccontextmanager
async def running_authz(authority: Authority) -> AsyncIterator[tuple[RunningService, Kept]]:
    """Run a service that answers pulls as authz does; it takes nothing but the proof of a service's key."""
    kept, table = Kept(), RouteTable("revocations")

    @table.get("/internal/revocations", Exposure.INTERNAL, None, "Pull", callers=("desk",))
    async def pull(call: Call[Desk, None, Since]) -> RevocationPage:
        kept.asked, kept.since = kept.asked + 1, call.query.since
        return RevocationPage([one for one in kept.items if one.number > call.query.since])

    async with running(service("authz", tables=(table,)), authority) as one:
        one.process.key_owner = {authority.key("desk").thumbprint: "desk"}.get
        yield one, kept
