"""Connections to the services behind: kept, renewed, and never mixed up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from services.chassis.errors import DeadlineExceeded, Unavailable
from services.chassis.testing.authority import Authority
from services.chassis.testing.waiting import until
from services.gateway.adapters.upstream import Outgoing, Upstream
from services.gateway.adapters.wire import WireLost
from services.gateway.exceptions import Interrupted

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Script = list[bytes | None]
"""What a connection answers to one request after another; None: it closes instead."""


class Behind:
    """A service that follows a script for each connection, the last one for all that come later."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.connections = 0
        self.requests: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        for answer in script:
            try:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            except asyncio.IncompleteReadError:
                break
            if answer is None:
                break
            writer.write(answer)
            await writer.drain()
        else:
            await reader.read()
        writer.close()


Started = Callable[..., AbstractAsyncContextManager[tuple[Behind, Upstream]]]


@pytest.fixture
def started(tmp_path: Path) -> Started:
    """Start a service with scripts, and connections to it."""

    @asynccontextmanager
    async def start(*scripts: Script) -> AsyncIterator[tuple[Behind, Upstream]]:
        behind = Behind(*scripts)
        server = await asyncio.start_server(behind.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        upstream = Upstream({"cluster": f"http://127.0.0.1:{port}"}, Authority(tmp_path).key("gateway"))
        try:
            yield behind, upstream
        finally:
            await upstream.close()
            server.close()

    return start


def outgoing(method: str = "GET", seconds: float | None = 5.0, body: bytes | None = None) -> Outgoing:
    return Outgoing("cluster", method, "/v1/things?a=b", {"accept": "x"}, "pass", body, seconds)


async def whole(upstream: Upstream, request: Outgoing) -> tuple[int, bytes]:
    async with upstream.send(request) as answer:
        return answer.status, await answer.read()


async def test_one_connection_carries_one_request_after_another(started: Started) -> None:
    async with started([OK, OK, OK]) as (behind, upstream):
        for _ in range(3):
            assert await whole(upstream, outgoing()) == (200, b"ok")
        assert behind.connections == 1
        assert behind.requests[0].startswith(b"GET /v1/things?a=b HTTP/1.1\r\nHost: 127.0.0.1:")
        assert b"Authorization: Bearer pass\r\n" in behind.requests[0]


async def test_requests_at_the_same_time_have_a_connection_each(started: Started) -> None:
    async with started([OK]) as (behind, upstream):
        assert await asyncio.gather(*(whole(upstream, outgoing()) for _ in range(5))) == [(200, b"ok")] * 5
        assert behind.connections == 5


async def test_a_kept_connection_that_was_closed_meanwhile_is_replaced(started: Started) -> None:
    async with started([OK, None], [OK]) as (behind, upstream):
        await whole(upstream, outgoing())
        assert await whole(upstream, outgoing("PUT", body=b"x")) == (200, b"ok")
        assert behind.connections == 2


async def test_what_may_do_harm_twice_is_not_sent_twice(started: Started) -> None:
    async with started([OK, None], [OK]) as (behind, upstream):
        await whole(upstream, outgoing())
        with pytest.raises(Interrupted):
            await whole(upstream, outgoing("POST", body=b"x"))
        assert behind.connections == 1


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nContent-Le", b"220 mail.example.org ESMTP\r\n", b"\0\0"])
async def test_what_is_no_answer_is_told(started: Started, answer: bytes) -> None:
    async with started([answer, None]) as (_, upstream):
        request = asyncio.create_task(whole(upstream, outgoing(seconds=0.5)))
        with pytest.raises((Interrupted, DeadlineExceeded)):
            await request


async def test_an_answer_that_is_cut_is_not_taken_for_whole(started: Started) -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    async with started([cut, None]) as (behind, upstream), upstream.send(outgoing()) as answer:
        reading = asyncio.create_task(answer.read())
        await until(lambda: len(behind.requests) == 1)
        next(iter(upstream._wires)).close()
        with pytest.raises(WireLost):
            await reading


async def test_interim_answers_are_passed_over(started: Started) -> None:
    async with started([b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, OK]) as (behind, upstream):
        async with upstream.send(outgoing()) as answer:
            assert (answer.status, answer.header("link"), await answer.read()) == (200, "", b"ok")
        assert await whole(upstream, outgoing()) == (200, b"ok")
        assert behind.connections == 1


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret",
    ],
)
async def test_a_connection_that_says_more_or_no_more_is_not_used_again(started: Started, first: bytes) -> None:
    """What nobody asked for must never become the answer to the next request."""
    async with started([first, OK], [OK]) as (behind, upstream):
        assert await whole(upstream, outgoing()) == (200, b"ok")
        assert await whole(upstream, outgoing()) == (200, b"ok")
        assert behind.connections == 2


async def test_a_body_left_unread_ends_its_connection(started: Started) -> None:
    async with started([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"], [OK]) as (behind, upstream):
        async with upstream.send(outgoing()) as answer:
            assert answer.status == 200
        assert await whole(upstream, outgoing()) == (200, b"ok")
        assert behind.connections == 2


async def test_a_chunked_body_comes_whole_and_as_it_comes(started: Started) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"
    async with started([chunked, chunked]) as (_, upstream):
        assert await whole(upstream, outgoing()) == (200, b"abcdef")
        async with upstream.send(outgoing()) as answer:
            assert b"".join([piece async for piece in answer.pieces()]) == b"abcdef"


async def test_a_slow_reader_holds_the_service_back(started: Started) -> None:
    size = 64 * 2**20
    large = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)
    async with started([large]) as (_, upstream), upstream.send(outgoing(seconds=None)) as answer:
        await asyncio.sleep(0.2)
        assert answer._held_bytes < 2**20
        assert sum([len(piece) async for piece in answer.pieces()]) == size


async def test_a_silent_service_is_given_up_in_time(started: Started) -> None:
    async with started([b""]) as (_, upstream):
        with pytest.raises(DeadlineExceeded):
            await whole(upstream, outgoing(seconds=0.1))


async def test_one_that_is_away_is_unavailable(tmp_path: Path) -> None:
    upstream = Upstream({"cluster": "http://127.0.0.1:9"}, Authority(tmp_path).key("gateway"))
    for service in ("cluster", "other"):
        with pytest.raises(Unavailable):
            await whole(upstream, Outgoing(service, "GET", "/", {}, None, None, 5.0))
    await upstream.close()
