"""A request to a real service: what comes back, and what is kept of it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from services.chassis.auth.tokens import Grants, MandateReach, Narrowing
from services.chassis.config import LimitSettings, LogSettings
from services.chassis.log import configure_logs
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.chassis.tests.desk import routes, service

PROBLEM = "application/problem+json"


@pytest.fixture
async def desk(authority: Authority) -> AsyncIterator[RunningService]:
    limits = LimitSettings(body_bytes=2000, request_seconds=8.0)
    async with running(service(), authority, limits=limits) as one:
        yield one


@pytest.fixture
def manager(authority: Authority) -> dict[str, str]:
    held = {"prj_a": ["project.read", "project.manage"]}
    return {**authority.pass_for("usr_m", "desk", projects=held), "Idempotency-Key": "k"}


@pytest.fixture
def reader(authority: Authority) -> dict[str, str]:
    return authority.pass_for("usr_r", "desk", projects={"prj_a": ["project.read"]})


def problem(answer: httpx.Response, status: int, code: str) -> dict:
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    document = answer.json()
    assert (document["status"], document["code"], document["type"]) == (status, code, f"urn:cloudpoint:problem:{code}")
    assert document["detail"] and document["title"]
    return document


async def test_an_allowed_request_is_answered(desk: RunningService, reader: dict[str, str]) -> None:
    answer = await desk.client.get("/v1/letters", headers=reader)
    assert answer.json() == {"items": [{"id": "let_1", "project_id": "prj_a"}], "next_cursor": None}
    answer = await desk.client.get("/v1/letters/let_1", headers=reader)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"v1"')


async def test_without_a_good_pass_the_answer_is_401(desk: RunningService, authority: Authority) -> None:
    good = authority.pass_for("usr_r", "desk", projects={"prj_a": ["project.read"]})
    proof = authority.proof_for("desk", service="gateway")
    for headers in ({}, proof, {"Authorization": good["Authorization"]}, {**good, "Authorization": "Bearer x.y.z"}):
        problem(await desk.client.get("/v1/letters", headers=headers), 401, "not-authenticated")
    raw = {**proof, b"Authorization": b"Bearer \xff\xfe"}
    problem(await desk.client.get("/v1/letters", headers=list(raw.items())), 401, "not-authenticated")


async def test_a_permission_that_is_held_nowhere_is_403(desk: RunningService, reader: dict[str, str]) -> None:
    answer = await desk.client.post("/v1/letters", json={}, headers=reader)
    assert "project.manage" in problem(answer, 403, "forbidden")["detail"]


async def test_a_permission_on_another_project_is_403(desk: RunningService, manager: dict[str, str]) -> None:
    answer = await desk.client.post("/v1/letters", json={"project": "prj_b", "name": "x"}, headers=manager)
    problem(answer, 403, "forbidden")


async def test_a_route_for_services_is_for_those_it_names(desk: RunningService, authority: Authority) -> None:
    passes = {name: authority.pass_for(f"svc:{name}", "desk", service=name) for name in ("clerk", "gateway")}
    assert (await desk.client.get("/internal/seen/x", headers=passes["clerk"])).status_code == 200
    problem(await desk.client.get("/internal/seen/x", headers=passes["gateway"]), 403, "forbidden")
    bare = authority.proof_for("desk", service="clerk")
    problem(await desk.client.get("/internal/seen/x", headers=bare), 401, "not-authenticated")


async def test_a_route_for_services_is_closed_to_people_whoever_carries_them(
    desk: RunningService, authority: Authority
) -> None:
    everything = {"projects": {"prj_a": ["project.read"]}, "platform": ["project.manage"]}
    mandate = authority.mandate_for("usr_1", "clerk", **everything)
    standing = authority.mandate_for("svc:clerk", "clerk", platform=["project.manage"])
    carried = Narrowing(mandate=MandateReach(operation="op_1", grants=Grants(), until=2**31))
    refused = (
        authority.pass_for("usr_1", "desk", service="clerk", **everything),
        authority.pass_for("svc:gateway", "desk", service="clerk"),
        authority.pass_for("svc:clerk", "desk", service="clerk", narrowing=carried),
        authority.hop_for(mandate, "desk", service="clerk"),
        authority.hop_for(standing, "desk", service="clerk"),
    )
    for headers in refused:
        answer = problem(await desk.client.get("/internal/seen/x", headers=headers), 403, "forbidden")
        assert "own name" in answer["detail"]


async def test_all_not_found_answers_are_the_same_bytes(desk: RunningService, reader: dict[str, str]) -> None:
    paths = ("/v1/letters/let_2", "/v1/letters/let_9", "/v1/letters/%00", "/v1/letters/a%2Fb", "/v1/nothing", "/%ff")
    answers = [await desk.client.get(path, headers=reader) for path in paths]
    answers += [await desk.client.get("/v1/nothing"), await desk.client.post("/v1/nothing", json={})]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1


async def test_another_method_is_405_with_those_that_are_taken(desk: RunningService, reader: dict[str, str]) -> None:
    for method in ("PUT", "OPTIONS", "HEAD"):
        answer = await desk.client.request(method, "/v1/letters", headers=reader)
        assert answer.status_code == 405, method
        assert {name.strip() for name in answer.headers["allow"].split(",")} >= {"GET", "POST"}
    problem(await desk.client.put("/v1/letters", headers=reader), 405, "method-not-allowed")


async def test_a_large_body_is_413(desk: RunningService, manager: dict[str, str]) -> None:
    for size in (2001, 50_000):
        answer = await desk.client.post("/v1/letters", content=b" " * size, headers=manager)
        problem(answer, 413, "body-too-large")


async def test_a_body_is_refused_with_every_place(desk: RunningService, manager: dict[str, str]) -> None:
    answer = await desk.client.post("/v1/letters", json={"name": "", "copies": 10}, headers=manager)
    found = problem(answer, 422, "invalid-request")["errors"]
    assert {error["pointer"] for error in found} == {"", "/name", "/copies"}
    answer = await desk.client.post("/v1/letters", content=b'{"name": "\xff"}', headers=manager)
    problem(answer, 400, "malformed-body")
    answer = await desk.client.post("/v1/letters", content=b'{"copies": 99999999999999999999999}', headers=manager)
    assert answer.status_code in (400, 422)


async def test_a_query_is_refused_with_every_parameter(desk: RunningService, reader: dict[str, str]) -> None:
    answer = await desk.client.get("/v1/letters?limit=0&colour=red&project=%00", headers=reader)
    found = problem(answer, 422, "invalid-request")["errors"]
    assert {error["pointer"] for error in found} == {"?project"}
    answer = await desk.client.get("/v1/letters?limit=0&colour=red", headers=reader)
    assert {error["pointer"] for error in answer.json()["errors"]} == {"?limit", "?colour"}


async def test_a_creating_request_needs_its_key(desk: RunningService, manager: dict[str, str]) -> None:
    body = {"project": "prj_a", "name": "x"}
    assert (await desk.client.post("/v1/letters", json=body, headers=manager)).status_code == 201
    del manager["Idempotency-Key"]
    answer = await desk.client.post("/v1/letters", json=body, headers=manager)
    assert "Idempotency-Key" in problem(answer, 422, "invalid-request")["detail"]


async def test_a_bug_is_500_and_says_nothing_of_itself(desk: RunningService, manager: dict[str, str]) -> None:
    answer = await desk.client.post("/v1/blots", json={"project": "prj_a", "name": "x"}, headers=manager)
    document = problem(answer, 500, "internal-error")
    assert "inner detail" not in answer.text and len(document["request_id"]) == 32


async def test_what_takes_too_long_is_504(desk: RunningService, reader: dict[str, str]) -> None:
    for said in ("0", "1", "100"):
        limited = {**reader, "X-Request-Timeout-Ms": said}
        problem(await desk.client.get("/v1/slow", headers=limited), 504, "deadline-exceeded")


async def test_the_services_own_limit_counts_as_well(authority: Authority, reader: dict[str, str]) -> None:
    async with running(service(), authority, limits=LimitSettings(request_seconds=0.1)) as desk:
        problem(await desk.client.get("/v1/slow", headers=reader), 504, "deadline-exceeded")


async def test_what_a_handler_waits_for_in_vain_is_503(desk: RunningService, reader: dict[str, str]) -> None:
    problem(await desk.client.get("/v1/impatient", headers=reader), 503, "unavailable")


@pytest.mark.parametrize("said", ["soon", "-1", "1e9", "²", "9" * 500, "99999999999"])
async def test_a_deadline_that_can_not_be_read_is_the_usual_one(
    desk: RunningService, authority: Authority, said: str
) -> None:
    headers = {**authority.pass_for("svc:clerk", "desk", service="clerk"), "X-Request-Timeout-Ms": said}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    answer = await desk.client.get("/internal/seen/x", headers=raw)
    assert 0 < answer.json()["seconds_left"] <= 8


async def test_the_trace_of_the_caller_goes_on_and_names_the_request(
    desk: RunningService, authority: Authority, manager: dict[str, str]
) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    traced = {**manager, "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    answer = await desk.client.delete("/v1/letters/let_1", headers=traced)
    assert problem(answer, 409, "conflict")["request_id"] == trace_id
    for wrong in ("00-zz", f"00-{'0' * 32}-00f067aa0ba902b7-01", ""):
        clerk = {**authority.pass_for("svc:clerk", "desk", service="clerk"), "traceparent": wrong}
        seen = (await desk.client.get("/internal/seen/x", headers=clerk)).json()
        assert len(seen["trace_id"]) == 32 and seen["trace_id"] not in (trace_id, "0" * 32)


async def test_path_parts_come_decoded(desk: RunningService, authority: Authority) -> None:
    headers = authority.pass_for("svc:clerk", "desk", service="clerk")
    answer = await desk.client.get("/internal/seen/ada%40example.org%20%C3%A9", headers=headers)
    assert answer.json()["path"] == {"name": "ada@example.org é"}


async def test_an_open_route_takes_anybody_and_believes_nobody(desk: RunningService, reader: dict[str, str]) -> None:
    for headers in ({}, reader, {"Authorization": "Bearer nonsense"}):
        answer = await desk.client.get("/v1/open", headers=headers)
        assert (answer.status_code, answer.json()["subject"]) == (200, "")


async def test_a_stream_has_no_deadline_and_ends_when_its_client_goes(
    desk: RunningService, reader: dict[str, str]
) -> None:
    async with desk.client.stream("GET", "/v1/stream", headers=reader) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        lines = answer.aiter_lines()
        assert await anext(lines) == "data: 999"
        assert not desk.context.stream_ended.is_set()
    await asyncio.wait_for(desk.context.stream_ended.wait(), 2)


@pytest.mark.parametrize(
    "raw",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /v1/letters HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"\0" * 9000,
    ],
)
async def test_what_is_no_http_is_refused_and_the_service_lives(desk: RunningService, raw: bytes) -> None:
    answer = await asyncio.to_thread(_exchange, desk.process.settings.listen.port, raw)
    status = answer.split(b" ", 2)[1]
    assert status.startswith(b"4"), answer
    assert (await desk.client.get("/healthz")).status_code == 200


def _exchange(port: int, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=3) as connection:
        connection.sendall(raw)
        return connection.recv(4096)


async def test_no_secret_reaches_the_log(
    desk: RunningService, manager: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs(LogSettings(level="DEBUG"), "desk")
    secrets = ["hunter2-in-body", "s3cret-in-context", manager["Authorization"][-40:], "t0ken-in-query"]
    body = {"project": "prj_a", "name": "", "password": secrets[0]}
    await desk.client.post("/v1/letters", json=body, headers=manager)
    await desk.client.post("/v1/blots", json={**body, "name": "x"}, headers=manager)
    await desk.client.delete("/v1/letters/let_1", headers=manager)
    await desk.client.get("/v1/letters?limit=0&cursor=t0ken-in-query", headers=manager)
    wrong = {**manager, "Authorization": manager["Authorization"] + "x"}
    await desk.client.get("/v1/letters", headers=wrong)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    text = json.dumps(lines)
    assert {"request.refused", "request.failed"} <= {line["event"] for line in lines}
    assert not [secret for secret in secrets if secret in text]
    failed = next(line for line in lines if line["event"] == "request.failed")
    assert "KeyError" in failed["exception"]
    assert (failed["service"], failed["subject"], failed["via"]) == ("desk", "usr_m", "gateway")
    assert failed["route"] == "POST /v1/blots" and len(failed["request_id"]) == 32


async def test_requests_are_counted_by_route_and_answer(desk: RunningService, reader: dict[str, str]) -> None:
    await desk.client.get("/v1/letters/let_1", headers=reader)
    await desk.client.get("/v1/letters/let_2", headers=reader)
    await desk.client.post("/v1/letters", json={}, headers=reader)
    text = (await desk.client.get("/metrics")).text
    labels = 'method="GET",route="/v1/letters/{letter_id}"'
    assert f'cloudpoint_requests_total{{{labels},status="200"}} 1.0' in text
    assert f'cloudpoint_requests_total{{{labels},status="404"}} 1.0' in text
    assert 'cloudpoint_refusals_total{route="/v1/letters"} 1.0' in text
    assert 'cloudpoint_request_seconds_count{route="/v1/letters/{letter_id}"} 2.0' in text
    assert "cloudpoint_requests_in_flight 0.0" in text and "let_1" not in text


def test_a_route_without_a_policy_can_not_be_made() -> None:
    before = len(routes.routes)
    for policy in ({}, {"open": True, "callers": ("clerk",)}):
        with pytest.raises(ValueError, match="say one of"):
            routes.get("/v1/x", "public", None, "X", **policy)
    assert len(routes.routes) == before
