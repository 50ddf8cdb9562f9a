"""A service that a run needs is away when it is to begin: the run waits, and can be ended meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.chassis.testing.app import free_port
from services.chassis.testing.waiting import until
from services.runner.schema import SCHEMA
from tests.runs.platform import Platform, Runner, element


@asynccontextmanager
async def door(port: int, leads_to: str) -> AsyncIterator[None]:
    """Have a port lead to a service while the block runs."""
    host, _, behind = leads_to.rpartition("/")[2].partition(":")

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(behind))
        await asyncio.gather(_copy(reader, back), _copy(there, writer))

    server = await asyncio.start_server(pass_on, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def waits(runner: Runner, run_id: str) -> None:
    """Return when the run says that it waits for secrets."""

    async def said() -> bool:
        return "The run waits: secrets can't be reached." in await runner.log(run_id)

    await until(said, seconds=20)
    assert (await runner.get(f"/internal/runs/{run_id}"))["state"] == "running"


async def test_a_run_begins_when_the_service_is_back(platform: Platform, fresh_database) -> None:
    port = free_port()
    services = {**platform.services, "secrets": f"http://127.0.0.1:{port}"}
    async with platform.runner(await fresh_database(SCHEMA), services=services) as runner:
        run_id = await runner.start([element("last", ["c1"])])
        await waits(runner, run_id)
        async with door(port, platform.secrets.url):
            assert (await runner.finish(run_id))["state"] == "succeeded"


async def test_a_run_that_waits_is_cancelled_at_once(platform: Platform, fresh_database) -> None:
    services = {**platform.services, "secrets": f"http://127.0.0.1:{free_port()}"}
    async with platform.runner(await fresh_database(SCHEMA), services=services) as runner:
        run_id = await runner.start([element("last", ["c1"])])
        await waits(runner, run_id)
        await runner.post(f"/internal/runs/{run_id}/cancel")
        assert (await runner.finish(run_id, seconds=20))["state"] == "cancelled"


async def test_a_run_whose_service_stays_away_says_so(platform: Platform, fresh_database) -> None:
    services = {**platform.services, "secrets": f"http://127.0.0.1:{free_port()}"}
    async with platform.runner(await fresh_database(SCHEMA), services=services, away_seconds=0.1) as runner:
        run = await runner.run([element("last", ["c1"])])
        assert run["state"] == "failed"
        assert run["reason"] == "The run could not be started: secrets can't be reached."
