"""authz goes away behind the door: what goes on, what does not, and what the client is told."""

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from services.authz.domain import exchange
from services.chassis.auth.contact import LATE_READ_SECONDS
from services.chassis.testing.waiting import until
from services.gateway.routes.deliver import AS_OF
from services.gateway.tests.conftest import Platform

_PASS_SECONDS = 2
_ENDED_SECONDS = 7.5
"""A pass, and the five seconds by which a service lets clocks differ."""


@pytest.fixture
def gateway_settings() -> dict[str, Any]:
    return {"api_token_seconds": 1.0}


@pytest.fixture(autouse=True)
def short_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "PASS_SECONDS", _PASS_SECONDS)


async def outlived(platform: Platform) -> None:
    """Cut everybody off from authz and wait until the passes that are held have ended."""
    await platform.way_to_authz.cut()
    await asyncio.sleep(_ENDED_SECONDS)


async def test_reads_go_on_under_what_is_held_and_say_so(platform: Platform) -> None:
    platform.people.tokens["cpt_good"] = "usr_ann"
    people = (platform.session(), {"Authorization": "Bearer cpt_good"})
    for headers in people:
        answer = await platform.client.get("/v1/things/prj_a", headers=headers)
        assert answer.status_code == 200 and AS_OF not in answer.headers
    before = time.time()
    await outlived(platform)
    for headers in people:
        answer = await platform.client.get("/v1/things/prj_a", headers=headers)
        assert answer.status_code == 200, answer.text
        assert before - 10 < parsedate_to_datetime(answer.headers[AS_OF]).timestamp() <= before
        large = await platform.client.get("/v1/things/prj_a/blob", headers=headers)
        assert large.status_code == 200 and AS_OF in large.headers


async def test_nothing_is_written_and_nobody_new_gets_in(platform: Platform) -> None:
    await platform.client.get("/v1/things/prj_a", headers=platform.session())
    await outlived(platform)
    headers = {**platform.session(), "Idempotency-Key": "one"}
    answer = await platform.client.post("/v1/things", json={"project": "prj_a"}, headers=headers)
    assert answer.status_code == 503 and platform.echo.created == []
    platform.people.tokens["cpt_new"] = "usr_ann"
    for fresh in (platform.session(sid="ses_2"), {"Authorization": "Bearer cpt_new"}):
        assert (await platform.client.get("/v1/things/prj_a", headers=fresh)).status_code == 503


async def test_all_is_as_before_when_authz_is_back(platform: Platform) -> None:
    await platform.client.get("/v1/things/prj_a", headers=platform.session())
    await outlived(platform)
    assert AS_OF in (await platform.client.get("/v1/things/prj_a", headers=platform.session())).headers
    await platform.unbind("usr_ann", "prj_a")
    await platform.way_to_authz.mend()

    async def lost() -> bool:
        answer = await platform.client.get("/v1/things/prj_a", headers=platform.session())
        return answer.status_code in (403, 404) and AS_OF not in answer.headers

    await until(lost, 10)


async def test_what_was_revoked_before_reads_no_more(platform: Platform) -> None:
    await platform.client.get("/v1/things/prj_a", headers=platform.session())
    await platform.revoke("credential", "ses_1")
    revocations = platform.gateway.process.revocations
    await until(lambda: revocations.last_number > 0, 12)
    await outlived(platform)
    assert (await platform.client.get("/v1/things/prj_a", headers=platform.session())).status_code in (401, 503)


async def test_reads_and_streams_end_after_a_quarter_of_an_hour(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    await platform.client.get("/v1/things/prj_a", headers=platform.session())
    async with platform.client.stream("GET", "/v1/things/prj_a/stream", headers=platform.session()) as stream:
        lines = stream.aiter_lines()
        await anext(lines)
        await outlived(platform)
        await anext(lines)
        open_streams = platform.gateway.context.streams._all()
        for one in open_streams:
            one.confirmed_at -= LATE_READ_SECONDS
            one.checked_at = 0.0
        async with asyncio.timeout(10):
            async for _line in lines:
                pass
    platform.gateway.process.revocations.heard_at -= LATE_READ_SECONDS
    assert (await platform.client.get("/v1/things/prj_a", headers=platform.session())).status_code == 503
