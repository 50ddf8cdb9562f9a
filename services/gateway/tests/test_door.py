"""Who gets through the door, to what, and what crosses it."""

import asyncio
import hashlib
import os

import httpx
import pytest

from services.gateway.tests.conftest import Platform


async def test_a_session_reaches_the_service_behind_as_that_person(platform: Platform) -> None:
    answer = await platform.client.get("/v1/things/prj_a", headers=platform.session())
    assert answer.status_code == 200, answer.text
    assert answer.json()["subject"] == "usr_ann"
    assert len(answer.headers["X-Request-Id"]) == 32


async def test_an_api_token_is_asked_about_once(platform: Platform) -> None:
    platform.people.tokens["cpt_good"] = "usr_ann"
    headers = {"Authorization": "Bearer cpt_good"}
    for _ in range(3):
        answer = await platform.client.get("/v1/things/prj_a", headers=headers)
        assert answer.status_code == 200, answer.text
    assert platform.people.asked == 1


@pytest.mark.parametrize(
    "credential", ["", "Basic dXNlcg==", "Bearer", "Bearer cpt_wrong", "Bearer nonsense", "Bearer a.b.c"]
)
async def test_what_is_no_credential_is_refused(platform: Platform, credential: str) -> None:
    answer = await platform.client.get("/v1/things/prj_a", headers={"Authorization": credential})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not-authenticated"


async def test_a_session_that_has_ended_or_is_signed_by_another_key_is_refused(platform: Platform) -> None:
    assert (await platform.client.get("/v1/things", headers=platform.session(seconds=-10))).status_code == 401
    forged = platform.authority.key("cluster").sign(
        {"iss": "identity", "sub": "usr_ann", "sid": "ses_1", "iat": 1, "exp": 4e9}, "session+jwt"
    )
    assert (await platform.client.get("/v1/things", headers={"Authorization": f"Bearer {forged}"})).status_code == 401


async def test_a_pass_is_no_credential(platform: Platform) -> None:
    headers = platform.authority.pass_for("usr_ann", "cluster", projects={"prj_a": ["cluster.read"]})
    assert (await platform.client.get("/v1/things", headers=headers)).status_code == 401


async def test_nothing_and_anothers_and_operators_and_inside_are_the_same_bytes(platform: Platform) -> None:
    bodies = {
        (await platform.client.get(path, headers=platform.session())).content
        for path in (
            "/v1/nothing",
            "/v1/things/prj_other",
            "/v1/machines",
            "/internal/things",
            "/",
            "//v1/things",
            "/v1/things/",
            "/v1/things/%2e%2e",
            "/v1/things/a%2fb",
            "/metrics",
            "/v1/%ff",
        )
    }
    assert len(bodies) == 1
    for path in ("/v1/nothing", "/v1/machines"):
        assert (await platform.client.get(path)).status_code == 404


async def test_operators_reach_their_routes_and_the_public_ones(platform: Platform) -> None:
    await platform.bind("usr_ops", "operator", None)
    for path in ("/v1/machines", "/v1/things"):
        answer = await platform.operators.get(path, headers=platform.session("usr_ops"))
        assert answer.status_code == 200, answer.text
    assert (await platform.operators.get("/v1/machines", headers=platform.session("usr_eve"))).status_code == 403
    assert b"cloudpoint_requests_total" in (await platform.operators.get("/metrics")).content


async def test_another_method_is_405_and_names_those_there_are(platform: Platform) -> None:
    answer = await platform.client.put("/v1/things", headers=platform.session())
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
    assert answer.json()["code"] == "method-not-allowed"
    assert (await platform.client.request("PROPFIND", "/v1/things")).status_code == 405


async def test_headers_of_the_inside_cannot_be_said_from_outside(platform: Platform) -> None:
    sent = {
        **platform.session(),
        "X-Cloudpoint-Proof": "forged",
        "X-Request-Timeout-Ms": "1",
        "X-Forwarded-For": "10.0.0.1",
        "Cookie": "a=b",
        "If-Match": '"v1"',
        "traceparent": "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
    }
    answer = await platform.client.get("/v1/things/prj_a", headers=sent)
    seen = answer.json()["headers"]
    assert seen["x-cloudpoint-proof"] != "forged"
    assert int(seen["x-request-timeout-ms"]) > 1000
    assert seen["if-match"] == '"v1"'
    assert not {"cookie", "x-forwarded-for"} & set(seen)
    assert answer.headers["X-Request-Id"] == "0123456789abcdef0123456789abcdef"
    assert seen["traceparent"].split("-")[1] == answer.headers["X-Request-Id"]


async def test_an_open_route_goes_without_credentials_and_hides_those_sent(platform: Platform) -> None:
    answer = await platform.client.post("/v1/sessions", json={"project": "p"}, headers=platform.session())
    assert answer.status_code == 201, answer.text
    assert "authorization" not in answer.json()["headers"]


async def test_a_role_is_seen_by_the_next_request(platform: Platform) -> None:
    assert (await platform.client.get("/v1/things/prj_b", headers=platform.session())).status_code == 404
    await asyncio.sleep(1.1)
    await platform.bind("usr_ann", "viewer", "prj_b")
    assert (await platform.client.get("/v1/things/prj_b", headers=platform.session())).status_code == 200


async def test_a_large_answer_comes_whole(platform: Platform) -> None:
    answer = await platform.client.get("/v1/things/prj_a/blob", headers=platform.session())
    assert len(answer.json()["items"]) == 5000


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(platform: Platform) -> None:
    body = b'{"project":"prj_a","name":"' + b"x" * 2_000_000 + b'"}'
    key = {**platform.session(), "Idempotency-Key": "one"}
    answer = await platform.client.post("/v1/things", content=body, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")

    assert b" 413 " in await first_line_for_chunks(platform, 11)
    answer = await platform.client.post("/v1/things/large", content=body, headers=platform.session())
    assert (answer.status_code, answer.json()["body"]) == (201, "2000000")


async def test_bytes_arrive_as_they_were_sent_and_are_repeated_by_their_content(platform: Platform) -> None:
    """An archive is no JSON; its idempotency key is bound to it all the same."""
    sent, other = os.urandom(1_000_000), os.urandom(1_000_000)

    async def post(content: bytes) -> httpx.Response:
        headers = {**platform.session(), "Idempotency-Key": "archive", "Content-Type": "application/octet-stream"}
        return await platform.client.post("/v1/things/raw", content=content, headers=headers)

    first, again, changed = await post(sent), await post(sent), await post(other)
    assert (first.status_code, first.json()["body"]) == (201, hashlib.sha256(sent).hexdigest())
    assert again.json() == first.json() and changed.status_code == 422


async def first_line_for_chunks(platform: Platform, count: int) -> bytes:
    """Send chunks of 100 kB without saying how many there will be; return the answer's first line."""
    host, port = platform.gateway.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    bearer = platform.session()["Authorization"]
    head = f"POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer}\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode() + (b"186a0\r\n" + b"x" * 100_000 + b"\r\n") * count)
    try:
        return await asyncio.wait_for(reader.readline(), 5)
    finally:
        writer.close()


async def test_a_service_that_is_away_is_503(platform: Platform) -> None:
    platform.gateway.context.upstream._addresses["cluster"] = "http://127.0.0.1:9"
    answer = await platform.client.get("/v1/things", headers=platform.session())
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_each_listener_has_its_document_and_page(platform: Platform) -> None:
    public = (await platform.client.get("/openapi.json")).json()
    operator = (await platform.operators.get("/openapi.json")).json()
    assert "/v1/machines" not in public["paths"]
    assert set(operator["paths"]) == {*public["paths"], "/v1/machines"}
    assert "/internal/things" not in operator["paths"]
    page = await platform.client.get("/docs")
    assert "/v1/things/{thing_id}" in page.text and "script" not in page.text
    assert (await platform.client.get("/healthz")).status_code == 200
    assert (await platform.operators.get("/readyz")).json()["ready"] is True


@pytest.mark.parametrize("broken", ["Accept: a\nX-Cloudpoint-Proof: forged", "If-Match: a\rb", "User-Agent: a\0b"])
async def test_a_header_that_would_become_two_is_refused(platform: Platform, broken: str) -> None:
    bearer = f"Authorization: {platform.session()['Authorization']}"
    assert b" 400 " in await first_line(platform, "GET /v1/things/prj_a HTTP/1.1", bearer, broken)


@pytest.mark.parametrize("target", ["/v1/things?a=b\nX-Evil: 1", "/v1/things?limit=1\nX-Evil:1", "/v1/things?a=\tb"])
async def test_a_target_that_would_break_the_request_line_goes_nowhere(platform: Platform, target: str) -> None:
    bearer = f"Authorization: {platform.session()['Authorization']}"
    assert b" 200 " not in await first_line(platform, f"GET {target} HTTP/1.1", bearer)


async def first_line(platform: Platform, *head: str) -> bytes:
    """Send a request's head as it is; return the answer's first line."""
    host, port = platform.gateway.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write("\r\n".join([*head, "Host: x", "", ""]).encode())
    try:
        return await asyncio.wait_for(reader.readline(), 5)
    finally:
        writer.close()
