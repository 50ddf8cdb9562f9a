"""The client against real sockets that answer well, badly, late or not at all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from httpx_aiohttp import AiohttpTransport

from services.chassis import deadline, trace
from services.chassis.auth.contact import AuthzContact
from services.chassis.auth.credentials import Credentials, ExchangedPass, Mandate
from services.chassis.auth.revocation import Revocations
from services.chassis.errors import BadAnswer, DeadlineExceeded, Problem, Unavailable
from services.chassis.http.client import CalledServiceProblem, ServiceClient
from services.chassis.testing.app import free_port
from services.chassis.testing.authority import Authority

AUTHORITY = Mandate("any")


class Thing(msgspec.Struct):
    """What the sibling answers."""

    name: str


@dataclass
class Sibling:
    """A socket that gives one prepared answer after the other (the last one again), and keeps what it was sent."""

    answers: list[bytes]
    requests: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.requests.append(head)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == b"wait":
            await asyncio.sleep(5)
        writer.write(answer)
        writer.close()


def answer(status: int, body: bytes, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{headers}Connection: close\r\n\r\n".encode() + body


def problem(status: int, code: str, headers: str = "") -> bytes:
    document = {"type": "t", "title": "T", "status": status, "code": code, "detail": "D", "hint": "H"}
    return answer(status, msgspec.json.encode(document), headers)


GOOD = answer(200, b'{"name": "x", "new_field": 1}')
AWAY = problem(503, "unavailable")
Connect = Callable[..., contextlib.AbstractAsyncContextManager[tuple[ServiceClient, Sibling]]]


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    credentials = Credentials(Authority(tmp_path).key("desk"), _no_exchange, AuthzContact(Revocations(), None))

    @contextlib.asynccontextmanager
    async def make(*answers: bytes) -> AsyncIterator[tuple[ServiceClient, Sibling]]:
        sibling, port, transport = Sibling(list(answers)), free_port(), AiohttpTransport()
        client = ServiceClient("node", f"http://127.0.0.1:{port}", credentials, transport)
        if not answers:
            yield client, sibling
        else:
            async with await asyncio.start_server(sibling.serve, "127.0.0.1", port):
                yield client, sibling
        await client.close()
        await transport.aclose()

    return make


async def _no_exchange(_token: str | None, _audience: str) -> ExchangedPass:
    raise AssertionError("a mandate needs no exchange")


async def test_an_answer_is_decoded_and_what_is_new_in_it_ignored(connect: Connect) -> None:
    async with connect(GOOD) as (client, sibling):
        assert await client.call("GET", "/x", Thing, authority=AUTHORITY, query={"a": 1, "b": None}) == Thing("x")
    head = sibling.requests[0].lower()
    assert head.startswith("get /x?a=1 http/1.1")
    assert "authorization: bearer " in head and "x-cloudpoint-proof: " in head


@pytest.mark.parametrize(
    ("method", "key", "tries"),
    [("GET", None, 3), ("PUT", None, 3), ("DELETE", None, 3), ("POST", None, 1), ("POST", "k", 3)],
)
async def test_only_what_does_no_harm_twice_is_tried_again(
    connect: Connect, method: str, key: str | None, tries: int
) -> None:
    async with connect(AWAY) as (client, sibling):
        with pytest.raises(CalledServiceProblem) as raised:
            await client.call(method, "/x", Thing, authority=AUTHORITY, idempotency_key=key)
    assert (raised.value.status, raised.value.slug, len(sibling.requests)) == (503, "unavailable", tries)
    assert all(("idempotency-key: k" in request.lower()) is bool(key) for request in sibling.requests)


async def test_the_second_try_may_succeed(connect: Connect) -> None:
    async with connect(AWAY, GOOD) as (client, _sibling):
        assert await client.call("GET", "/x", Thing, authority=AUTHORITY) == Thing("x")


async def test_a_refusal_is_passed_on_as_it_is_and_not_repeated(connect: Connect) -> None:
    async with connect(problem(429, "too-many-requests", "Retry-After: 7\r\n")) as (client, sibling):
        with pytest.raises(CalledServiceProblem) as raised:
            await client.call("GET", "/x", Thing, authority=AUTHORITY)
    refused = raised.value
    assert (refused.status, refused.slug, refused.detail, refused.hint_text) == (429, "too-many-requests", "D", "H")
    assert refused.headers == {"Retry-After": "7"} and len(sibling.requests) == 1


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (answer(200, b"<html>"), 502),
        (answer(200, b'{"name": 7}'), 502),
        (answer(200, b'{"name": "\xff"}'), 502),
        (answer(200, b'{"name": "x", "y": ' + b"[" * 5000), 502),
        (answer(200, b""), 502),
        (answer(302, b"", "Location: /y\r\n"), 502),
        (answer(404, b"<html>"), 502),
        (answer(500, b"\xff"), 500),
        (answer(500, msgspec.json.encode({"type": "t", "title": "T", "status": 200, "code": "c", "detail": "D"})), 500),
        (b"NONSENSE\r\n\r\n", 503),
        (b"", 503),
    ],
)
async def test_nonsense_is_a_problem_of_the_other_side(connect: Connect, bad: bytes, status: int) -> None:
    async with connect(bad) as (client, _sibling):
        with pytest.raises(Problem) as raised:
            await client.call("POST", "/x", Thing, authority=AUTHORITY)
    assert isinstance(raised.value, BadAnswer | CalledServiceProblem | Unavailable)
    assert raised.value.document().status == status


async def test_nobody_there_is_503(connect: Connect) -> None:
    async with connect() as (client, _sibling):
        with pytest.raises(Unavailable, match="node can't be reached"):
            await client.call("GET", "/x", Thing, authority=AUTHORITY)


async def test_the_deadline_is_passed_along_and_kept(connect: Connect) -> None:
    async with connect(b"wait") as (client, sibling):
        with deadline.within(0.3), pytest.raises(DeadlineExceeded):
            await client.call("GET", "/x", Thing, authority=AUTHORITY)
        with pytest.raises(DeadlineExceeded):
            await client.call("GET", "/x", Thing, authority=AUTHORITY, limit_seconds=0.1)
    said = [
        int(line.split(":")[1])
        for line in sibling.requests[0].splitlines()
        if line.lower().startswith(deadline.HEADER.lower())
    ]
    assert said and 0 < said[0] <= 300


async def test_all_tries_share_one_limit(connect: Connect) -> None:
    async with connect(AWAY) as (client, _sibling):
        begun = asyncio.get_running_loop().time()
        with pytest.raises(Problem):
            await client.call("GET", "/x", Thing, authority=AUTHORITY, limit_seconds=0.15)
        assert asyncio.get_running_loop().time() - begun < 2


async def test_the_trace_goes_along(connect: Connect) -> None:
    span = trace.begin(None)
    async with connect(GOOD) as (client, sibling):
        await client.call("GET", "/x", Thing, authority=AUTHORITY)
    assert f"traceparent: 00-{span.trace_id}-" in sibling.requests[0]
