"""Live streams: nothing missed, nothing twice, and an end."""

import asyncio
import contextlib
import socket
import time
from typing import Any

import httpx
import pytest

from services.chassis.auth.caller import Caller
from services.chassis.auth.revocation import Revocation
from services.chassis.testing.waiting import until
from services.events.config import LiveSettings
from services.events.domain.frames import Batch
from services.events.domain.live import Follower
from services.events.storage import history
from services.events.tests.conftest import PROJECT, Asking, Message, happened


@pytest.fixture
def events_settings() -> dict[str, Any]:
    return {"live": LiveSettings(heartbeat_seconds=0.3, buffer_events=200)}


async def take(stream: Any, count: int) -> list[Message]:
    """Return the next messages that are not heartbeats."""
    found: list[Message] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            message = await anext(stream)
            if message.data:
                found.append(message)
    return found


async def test_a_stream_begins_now_and_tells_each_event(asking: Asking) -> None:
    await asking.record(happened(step=1))
    async with asking.following() as stream:
        await anext(stream)
        await asking.record(happened(step=2), happened("op_1", "cluster.operation.changed"))
        first, second = await take(stream, 2)
    assert (first.id, first.event, first.recorded.data) == ("2", "cluster.changed", {"step": 2})
    assert (second.id, second.event, second.recorded.subject) == ("3", "cluster.operation.changed", "op_1")


@pytest.mark.parametrize("by_header", [True, False])
async def test_a_stream_goes_on_where_its_client_was(asking: Asking, by_header: bool) -> None:
    await asking.record(*(happened() for _ in range(1200)))
    start = {"last_event_id": 1} if by_header else {"after": 1}
    async with asking.following(**start) as stream:
        numbers = [int(message.id or 0) for message in await take(stream, 1199)]
        await asking.record(happened())
        numbers += [int(message.id or 0) for message in await take(stream, 1)]
    assert numbers == list(range(2, 1202))


async def test_only_what_is_wanted_is_sent_and_the_id_moves_on(asking: Asking) -> None:
    async with asking.following(subject="clu_2", after=0) as stream:
        await asking.record(happened("clu_1"), happened("clu_2"), happened("clu_1"))
        assert [message.id for message in await take(stream, 1)] == ["2"]
        async with asyncio.timeout(3):
            while (await anext(stream)).id != "3":
                pass


@pytest.mark.parametrize(
    ("last_event_id", "reason"), [(1, "too-old"), (99, "unknown"), ("nonsense", "unknown"), ("-1", "unknown")]
)
async def test_a_stream_that_cannot_go_on_says_so(asking: Asking, last_event_id: Any, reason: str) -> None:
    await asking.record(*(happened() for _ in range(3)))
    async with asking.service.context.db.all_projects(purpose="test") as tx:
        await history.purge(tx, 0)
    await asking.record(happened())
    async with asking.following(last_event_id) as stream:
        told = (await take(stream, 1))[0]
        await asking.record(happened())
        then = (await take(stream, 1))[0]
    assert (told.event, told.id) == ("reset", "4")
    assert f'"reason":"{reason}"' in (told.data or "") and '"oldest":4' in (told.data or "")
    assert then.id == "5"


async def test_a_client_that_has_the_newest_is_not_reset_after_a_purge(asking: Asking) -> None:
    await asking.record(*(happened() for _ in range(3)))
    async with asking.service.context.db.all_projects(purpose="test") as tx:
        await history.purge(tx, 0)
    async with asking.following(3) as stream:
        await asking.record(happened())
        assert [(one.id, one.event) for one in await take(stream, 1)] == [("4", "cluster.changed")]


async def test_all_who_come_back_at_once_wait_for_no_connection_to_the_database(asking: Asking) -> None:
    """After a restart thousands come back; each would take two transactions to learn that it missed nothing."""
    await asking.record(happened())
    db = asking.service.context.db
    async with asking.following() as first, contextlib.AsyncExitStack() as stack:
        await anext(first)
        for _ in range(5):
            await stack.enter_async_context(db.unscoped())
        async with asyncio.timeout(5):
            for presented in (None, 1):
                await anext(await stack.enter_async_context(asking.following(presented)))


@pytest.mark.parametrize("kind", ["subject", "grants"])
async def test_a_stream_ends_when_its_person_is_revoked(asking: Asking, kind: str) -> None:
    async with asking.following() as stream, asking.following(person="usr_bob") as other:
        await anext(stream)
        asking.service.process.revocations.add(Revocation(1, kind, "usr_ann", time.time() + 1))
        started = time.monotonic()
        async for _ in stream:
            pass
        assert time.monotonic() - started < 1
        await asking.record(happened())
        assert (await take(other, 1))[0].id == "1"


async def test_streams_of_other_projects_hear_nothing(asking: Asking) -> None:
    async with asking.following() as stream:
        await asking.record(happened(project="prj_b"), happened())
        assert (await take(stream, 1))[0].recorded.project_id == PROJECT


async def test_a_client_that_does_not_read_is_dropped_and_holds_up_nobody(asking: Asking) -> None:
    live = asking.service.context.live
    host, port = asking.service.url.removeprefix("http://").split(":")
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect((host, int(port)))
    lines = [f"GET /v1/events/stream?project={PROJECT} HTTP/1.1", "Host: x"]
    lines += [f"{name}: {value}" for name, value in asking.headers().items()]
    slow.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    async with asking.following() as stream:
        await until(lambda: len(live._followers()) == 2)
        for _ in range(40):
            big = [happened(text="x" * 20_000) for _ in range(20)]
            await asking.record(*big)
            await take(stream, 20)
        assert len(live._followers()) == 1
    slow.close()


async def test_the_reader_of_a_project_goes_with_its_last_follower(asking: Asking) -> None:
    live = asking.service.context.live
    async with asking.following() as one, asking.following() as two:
        await anext(one)
        await anext(two)
        assert len(live._channels) == 1 and len(live._followers()) == 2
    await until(lambda: not live._channels)


async def test_many_clients_get_every_event(asking: Asking) -> None:
    limits = httpx.Limits(max_connections=None)
    asking.service.client._transport = httpx.AsyncHTTPTransport(limits=limits)

    async def follow(ready: asyncio.Event) -> list[int]:
        async with asking.following() as stream:
            await anext(stream)
            ready.set()
            return [int(message.id or 0) for message in await take(stream, 20)]

    ready = [asyncio.Event() for _ in range(60)]
    followers = [asyncio.create_task(follow(one)) for one in ready]
    async with asyncio.timeout(20):
        await asyncio.gather(*(one.wait() for one in ready))
        await asking.record(*(happened() for _ in range(20)))
        numbers = await asyncio.gather(*followers)
    assert all(one == list(range(1, 21)) for one in numbers)


async def test_an_end_in_the_moment_of_an_event_is_an_end() -> None:
    told: list[object] = []

    async def follow() -> None:
        task = asyncio.current_task()
        assert task is not None
        follower = Follower(Caller("usr_1", ("gateway",)), 10, task)
        told.append(follower)
        told.append(await follower.take(5))

    following = asyncio.create_task(follow())
    await asyncio.sleep(0.01)
    follower = told[0]
    assert isinstance(follower, Follower)
    follower.offer(Batch([]))
    follower.end("revoked")
    with pytest.raises(asyncio.CancelledError):
        await following
    assert told == [follower]
