"""authz on a real RabbitMQ: revocations go out, refusals come in."""

import asyncio
import time
from pathlib import Path

import msgspec

from services.authz.config import KnownService
from services.authz.main import SERVICE
from services.authz.schema import SCHEMA
from services.authz.tests.asking import Asking
from services.chassis.auth.revocation import Revocation
from services.chassis.bus import Bus, BusSettings, Event
from services.chassis.testing.app import running
from services.chassis.testing.authority import Authority
from services.contracts.permissions import MAY_CALL


async def test_a_revocation_is_heard_within_a_second_and_a_refusal_is_recorded(
    tmp_path: Path, fresh_database, amqp_url: str
) -> None:
    authority = Authority(tmp_path / "keys")
    manifest = {name: KnownService((authority.key(name).public_pem,)) for name in MAY_CALL}
    settings = BusSettings(url=amqp_url, exchange=f"test.{tmp_path.name}")
    heard: asyncio.Queue[Event] = asyncio.Queue()
    listener = Bus(settings, service="listener")
    await listener.start()
    try:
        await listener.subscribe(["authz.revoked"], heard.put)
        database = await fresh_database(SCHEMA)
        async with running(
            SERVICE, authority, work=True, database=database, bus=settings, manifest=manifest
        ) as service:
            asking = Asking(service, authority)
            await publishing(asking, heard)
            body = {"kind": "credential", "value": "ses_2", "reason": "logged out"}
            asked = time.monotonic()
            await asking.post("identity", "/internal/revocations", body)
            event = await asyncio.wait_for(heard.get(), 5)
            assert time.monotonic() - asked < 1
            assert msgspec.convert(event.data, Revocation).value == "ses_2"
            await refusal_is_recorded(asking)
    finally:
        await listener.stop()


async def publishing(asking: Asking, heard: asyncio.Queue) -> None:
    """Return when events leave: the worker has just started."""
    body = {"kind": "credential", "value": "ses_1", "reason": "logged out"}
    await asking.post("identity", "/internal/revocations", body)
    assert (await asyncio.wait_for(heard.get(), 15)).subject == "ses_1"


async def refusal_is_recorded(asking: Asking) -> None:
    """Be refused until it shows: before its queue exists for the first time, the broker keeps nothing for authz."""
    member = asking.authority.pass_for("usr_1", "authz")
    end = time.monotonic() + 20
    while True:
        assert (await asking.client.get("/v1/audit", headers=member)).status_code == 403
        records = (await asking.operator("/v1/audit", kind="refused")).json()["items"]
        if records:
            break
        assert time.monotonic() < end, "the refusal was not recorded"
        await asyncio.sleep(0.5)
    assert records[0]["subject"] == "usr_1" and records[0]["data"]["permission"] == "audit.read"
    assert records[0]["chain"] == ["gateway"]
