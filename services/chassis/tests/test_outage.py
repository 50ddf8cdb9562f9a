"""authz goes away: reads go on under passes that are held, nothing else does, and not for long."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.auth.contact import LATE_READ_SECONDS, LOG_IN_SECONDS
from services.chassis.auth.revocation import Revocation
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.chassis.testing.waiting import until
from services.chassis.tests.desk import service
from services.chassis.tests.test_serving import running_authz
from tests.support.link import Link, linked

GRANTS = {"prj_a": ["project.read", "project.manage"]}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "keys")


@pytest.fixture
async def world(authority: Authority) -> AsyncIterator[tuple[RunningService, Link]]:
    """A desk that has heard of authz, and its link to it."""
    async with (
        running_authz(authority) as (authz, _kept),
        linked(authz.url) as link,
        running(service(schema=None), authority, services={"authz": link.url}) as desk,
    ):
        await until(lambda: desk.process.revocations.heard_at > 0)
        yield desk, link


async def gone(desk: RunningService, link: Link) -> None:
    """Cut the desk off from authz, and wait until it notices when it looks."""
    await link.cut()
    await until(desk.process.authz.is_silent)


async def read(desk: RunningService, authority: Authority, seconds_left: int, subject: str = "usr_1") -> int:
    headers = authority.pass_for(subject, "desk", projects=GRANTS, seconds=seconds_left)
    return (await desk.client.get("/v1/letters/let_9", headers=headers)).status_code


async def test_a_pass_that_has_ended_reads_only_while_authz_is_silent(
    world: tuple[RunningService, Link], authority: Authority
) -> None:
    desk, link = world
    assert await read(desk, authority, -30) == 401
    await gone(desk, link)
    assert await read(desk, authority, -30) == 404
    assert await read(desk, authority, int(-LATE_READ_SECONDS - 60)) == 401
    await link.mend()
    await until(lambda: _is_heard(desk))
    assert await read(desk, authority, -30) == 401


async def _is_heard(desk: RunningService) -> bool:
    return not await desk.process.authz.is_silent()


async def test_nothing_is_written_with_it(world: tuple[RunningService, Link], authority: Authority) -> None:
    desk, link = world
    await gone(desk, link)
    ended = authority.pass_for("usr_1", "desk", projects=GRANTS, seconds=-30)
    body = {"project": "prj_a", "name": "x"}
    assert (await desk.client.post("/v1/letters", json=body, headers=ended)).status_code == 401
    good = authority.pass_for("usr_1", "desk", projects=GRANTS)
    assert (await desk.client.post("/v1/letters", json=body, headers=good)).status_code != 401


async def test_what_was_revoked_before_is_refused(world: tuple[RunningService, Link], authority: Authority) -> None:
    desk, link = world
    desk.process.revocations.add(Revocation(1, "subject", "usr_1", time.time() + 1))
    await gone(desk, link)
    assert await read(desk, authority, -30) == 401
    assert await read(desk, authority, -30, subject="usr_2") == 404


async def test_it_ends_a_quarter_of_an_hour_after_authz_was_heard(
    world: tuple[RunningService, Link], authority: Authority
) -> None:
    desk, link = world
    await gone(desk, link)
    desk.process.revocations.heard_at = time.time() - LATE_READ_SECONDS + 20
    assert await read(desk, authority, -30) == 404
    desk.process.revocations.heard_at = time.time() - LATE_READ_SECONDS
    assert await read(desk, authority, -30) == 401


async def test_one_that_never_heard_authz_takes_nothing_late(
    world: tuple[RunningService, Link], authority: Authority
) -> None:
    desk, link = world
    await gone(desk, link)
    desk.process.revocations.heard_at = 0.0
    assert await read(desk, authority, -30) == 401


async def test_a_hop_is_never_late_and_a_mandate_goes_on(
    world: tuple[RunningService, Link], authority: Authority
) -> None:
    desk, link = world
    await gone(desk, link)
    ended = authority.hop_for(
        authority.mandate_for("usr_1", "clerk", projects=GRANTS, seconds=-30), "desk", service="clerk"
    )
    assert (await desk.client.get("/v1/letters/let_9", headers=ended)).status_code == 401
    good = authority.hop_for(authority.mandate_for("usr_1", "clerk", projects=GRANTS), "desk", service="clerk")
    assert (await desk.client.get("/v1/letters/let_9", headers=good)).status_code == 404


async def test_log_ins_are_let_through_for_a_minute(world: tuple[RunningService, Link]) -> None:
    desk, link = world
    await gone(desk, link)
    assert await desk.process.authz.allows_log_ins()
    desk.process.revocations.heard_at = time.time() - LOG_IN_SECONDS - 1
    assert not await desk.process.authz.allows_log_ins()
    await link.mend()
    await until(lambda: desk.process.authz.allows_log_ins())
