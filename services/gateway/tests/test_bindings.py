"""What a person may do changes while passes are held."""

import asyncio
import itertools
import time
from pathlib import Path

from services.chassis.auth.contact import AuthzContact
from services.chassis.auth.credentials import ExchangedPass
from services.chassis.auth.revocation import Revocations
from services.chassis.testing.authority import Authority
from services.chassis.testing.waiting import until
from services.gateway.adapters.passes import Passes
from services.gateway.domain.sessions import Credential
from services.gateway.tests.conftest import Platform


async def test_a_new_role_is_heard_of_and_lists_show_it(platform_with_bus: Platform) -> None:
    platform = platform_with_bus
    headers = platform.session()
    assert (await platform.client.get("/v1/things", headers=headers)).status_code == 200
    kept = platform.gateway.context.passes._kept
    assert kept
    projects = itertools.count()

    async def dropped() -> bool:
        """Give one more role, since what is told before the gateway listens is not heard."""
        await platform.bind("usr_ann", "viewer", f"prj_b{next(projects)}")
        await asyncio.sleep(0.1)
        return not kept

    await until(dropped, 15)


async def test_a_lost_role_ends_passes_at_once_and_the_session_stays(platform_with_bus: Platform) -> None:
    platform = platform_with_bus
    await platform.bind("usr_ann", "viewer", "prj_b")
    headers = platform.session()
    assert (await platform.client.get("/v1/things/prj_b", headers=headers)).status_code == 200
    await platform.unbind("usr_ann", "prj_b")

    async def gone() -> bool:
        return (await platform.client.get("/v1/things/prj_b", headers=headers)).status_code == 404

    await until(gone, 1)
    assert (await platform.client.get("/v1/things/prj_a", headers=headers)).status_code == 200


async def test_a_pass_that_nears_its_end_is_renewed_while_requests_go_on(tmp_path: Path) -> None:
    answered, lasts = asyncio.Event(), 8.0
    token = Authority(tmp_path).pass_for("usr_ann", "cluster")["Authorization"].removeprefix("Bearer ")

    async def exchange(_subject_token: str | None, _audience: str) -> ExchangedPass:
        await answered.wait()
        return ExchangedPass(token, time.time() + lasts)

    passes = Passes(exchange, AuthzContact(Revocations(), None))
    ann = Credential("ses_1", "usr_ann", "", 0.0, time.time() + 3600, "")
    answered.set()
    first = await passes.get(ann, "cluster")
    answered.clear()
    lasts = 60.0
    assert await passes.get(ann, "cluster") is first, "authz does not answer now, and nobody needs to wait for it"
    answered.set()

    async def renewed() -> bool:
        return (await passes.get(ann, "cluster")).expires_at > first.expires_at + 30

    await until(renewed)
