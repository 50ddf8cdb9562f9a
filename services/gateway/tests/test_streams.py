"""Streams and WebSockets through the door, and their end."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import websockets

from services.chassis.auth.tokens import Grants
from services.chassis.errors import NotAuthenticated
from services.chassis.testing.waiting import until
from services.gateway.config import StreamSettings
from services.gateway.domain.catalogue import Operation
from services.gateway.domain.grants import Pass
from services.gateway.domain.sessions import Credential
from services.gateway.domain.streams import Streams
from services.gateway.tests.conftest import Platform

STREAM = "/v1/things/prj_a/stream"


@pytest.fixture
def gateway_settings() -> dict[str, Any]:
    return {"streams": StreamSettings(recheck_seconds=0.5, per_credential=3)}


@asynccontextmanager
async def following(platform: Platform, headers: dict[str, str]) -> AsyncIterator[AsyncIterator[str]]:
    async with platform.client.stream("GET", STREAM, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield answer.aiter_lines()


async def until_ended(lines: AsyncIterator[str]) -> float:
    """Return how many seconds the stream went on."""
    started = time.monotonic()
    async with asyncio.timeout(8):
        async for _ in lines:
            pass
    return time.monotonic() - started


def connecting(platform: Platform, headers: dict[str, str]) -> Any:
    url = platform.gateway.url.replace("http://", "ws://") + "/v1/things/prj_a/connect"
    return websockets.connect(url, additional_headers=headers, max_size=2**22)


async def test_events_pass_as_they_come(platform: Platform) -> None:
    headers = {**platform.session(), "Last-Event-ID": "41"}
    async with following(platform, headers) as lines:
        async with asyncio.timeout(2):
            assert [await anext(lines) for _ in range(3)] == ["id: 0", "data: 41", ""]
        assert platform.echo.streams == 1
    await until(lambda: platform.echo.streams == 0)


async def test_a_stream_ends_with_its_credential(platform: Platform) -> None:
    async with following(platform, platform.session(seconds=1)) as lines:
        assert await until_ended(lines) < 2.5
    await until(lambda: platform.echo.streams == 0)


async def test_a_stream_of_an_api_token_outlives_the_session_token_behind_it(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.tests.people.SESSION_SECONDS", 1)
    platform.people.tokens["cpt_good"] = "usr_ann"
    async with following(platform, {"Authorization": "Bearer cpt_good"}) as lines:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(until_ended(lines), 2.5)
    async with following(platform, {"Authorization": "Bearer cpt_good"}) as lines:
        del platform.people.tokens["cpt_good"]
        assert await until_ended(lines) < 3


async def test_a_stream_ends_when_its_permission_is_taken(platform: Platform) -> None:
    async with following(platform, platform.session()) as lines:
        await anext(lines)
        await platform.unbind("usr_ann", "prj_a")
        assert await until_ended(lines) < 2.5


async def test_a_log_out_ends_streams_and_sessions_within_a_second(platform_with_bus: Platform) -> None:
    platform = platform_with_bus
    headers = platform.session(sid="ses_9")
    async with connecting(platform, headers) as socket, following(platform, headers) as lines:
        await anext(lines)
        await platform.revoke("credential", "ses_9")
        started = time.monotonic()
        assert await until_ended(lines) < 1
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(socket.recv(), 1)
        assert time.monotonic() - started < 1
    assert (await platform.client.get("/v1/things", headers=headers)).status_code == 401
    assert (await platform.client.get("/v1/things", headers=platform.session(sid="ses_10"))).status_code == 200


async def test_one_credential_has_a_bounded_number_of_streams(platform: Platform) -> None:
    headers = platform.session()
    async with following(platform, headers), following(platform, headers), following(platform, headers):
        answer = await platform.client.get(STREAM, headers=headers)
        assert answer.status_code == 429


async def test_a_refused_stream_is_a_problem(platform: Platform) -> None:
    answer = await platform.client.get(STREAM, headers=platform.session("usr_eve"))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_frames_go_both_ways(platform: Platform) -> None:
    async with connecting(platform, platform.session()) as socket:
        for message in ("text", b"\x00\xff" * 50_000, ""):
            await socket.send(message)
            assert await asyncio.wait_for(socket.recv(), 2) == message
        await socket.send("close")
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(socket.recv(), 2)
        assert (socket.close_code, socket.close_reason) == (4001, "as you like")
    await until(lambda: platform.echo.streams == 0)


async def test_a_fast_sender_waits_for_a_slow_reader_and_nothing_is_lost(platform: Platform) -> None:
    frames = [bytes([number]) * 300_000 for number in range(200)]
    async with connecting(platform, platform.session()) as socket:

        async def send() -> None:
            for frame in frames:
                await socket.send(frame)

        sending = asyncio.create_task(send())
        await asyncio.sleep(1.0)
        assert not sending.done()
        received = [await asyncio.wait_for(socket.recv(), 5) for _ in frames]
        await sending
    assert received == frames


async def test_a_client_that_vanishes_ends_the_service_side(platform: Platform) -> None:
    async with connecting(platform, platform.session()) as socket:
        await socket.send(b"x")
        await socket.recv()
        socket.transport.abort()
        await until(lambda: platform.echo.streams == 0)


async def test_a_websocket_without_credential_is_refused_before_it_opens(platform: Platform) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with connecting(platform, {}):
            pass
    assert refused.value.response.status_code == 401


async def test_a_connection_that_breaks_midway_does_not_look_whole(platform: Platform) -> None:
    async with platform.client.stream("GET", STREAM, headers=platform.session()) as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        wires = platform.gateway.context.upstream._wires
        for wire in list(wires):
            wire.close()
        with pytest.raises(httpx.HTTPError):
            await until_ended(lines)


async def test_one_slow_check_holds_up_no_other_stream() -> None:
    """authz that answers one question slowly must not keep the others' streams open."""
    hangs = asyncio.Event()

    async def renew(credential: Credential, _audience: str, _after: float) -> tuple[Credential, Pass]:
        if credential.id == "ses_slow":
            await hangs.wait()
        raise NotAuthenticated("The session was ended.")

    streams = Streams(StreamSettings(recheck_seconds=0.0), renew)
    operation = Operation("events", "GET", "/v1/events", "event.read", False, True, False, False, None)
    ended: list[str] = []

    async def follow(name: str) -> None:
        credential = Credential(name, "usr_ann", "", 0.0, time.time() + 60, "")
        async with streams.held(credential, operation, Pass("", Grants(), time.time(), time.time() + 60)):
            await asyncio.Event().wait()
        ended.append(name)

    tasks = [asyncio.create_task(one) for one in (follow("ses_slow"), streams.run())]
    await asyncio.sleep(1.2)
    tasks.append(asyncio.create_task(follow("ses_quick")))
    await until(lambda: ended == ["ses_quick"], 3)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
