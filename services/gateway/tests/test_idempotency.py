"""A request with an Idempotency-Key is done once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import select, update

from services.chassis.testing.waiting import until
from services.gateway.schema import idempotency_keys
from services.gateway.tests.conftest import Platform


async def create(platform: Platform, key: str | None, subject: str = "usr_ann", **body: Any) -> httpx.Response:
    headers = platform.session(subject)
    if key:
        headers["Idempotency-Key"] = key
    return await platform.client.post("/v1/things", json={"project": "prj_a", **body}, headers=headers)


async def test_a_repetition_gets_the_same_answer_and_has_no_effect(platform: Platform) -> None:
    first, second = await create(platform, "k1", name="one"), await create(platform, "k1", name="one")
    assert first.status_code == 201
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert "Idempotency-Replayed" not in first.headers and second.headers["Idempotency-Replayed"] == "true"
    assert platform.echo.created == ["one"]


async def test_another_body_under_the_key_is_refused(platform: Platform) -> None:
    await create(platform, "k1", name="one")
    answer = await create(platform, "k1", name="two")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_key_belongs_to_one_person(platform: Platform) -> None:
    await platform.bind("usr_bob", "member", "prj_a")
    await create(platform, "k1", name="one")
    await create(platform, "k1", "usr_bob", name="two")
    assert platform.echo.created == ["one", "two"]


async def test_creating_without_a_key_or_with_a_wrong_one_is_refused(platform: Platform) -> None:
    assert (await create(platform, None)).json()["code"] == "idempotency-key-missing"
    assert (await create(platform, "k" * 256)).json()["code"] == "idempotency-key-malformed"


async def test_of_requests_at_the_same_time_one_runs(platform: Platform) -> None:
    answers = await asyncio.gather(*(create(platform, "k1", name="one", seconds=0.3) for _ in range(8)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] + [409] * 7
    waiting = next(answer for answer in answers if answer.status_code == 409)
    assert (waiting.json()["code"], waiting.headers["Retry-After"]) == ("request-in-progress", "1")
    assert platform.echo.created == ["one"]


async def test_a_refusal_that_passes_is_not_kept(platform: Platform) -> None:
    assert (await create(platform, "k1", fail="unavailable")).status_code == 503
    assert (await create(platform, "k1", "usr_eve")).status_code == 403
    assert (await create(platform, "k1", name="again")).status_code == 201


async def test_a_refused_body_is_kept(platform: Platform) -> None:
    for replayed in (None, "true"):
        answer = await create(platform, "k1", unknown=1)
        assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (422, replayed)


async def test_after_a_crash_only_the_end_of_the_lease_allows_another_try(platform: Platform) -> None:
    assert (await create(platform, "k1", fail="crash")).status_code == 500
    assert (await create(platform, "k1", fail="crash")).status_code == 409
    async with platform.gateway.process.database.unscoped() as tx:
        past = datetime.now(UTC) - timedelta(seconds=1)
        await tx.execute(update(idempotency_keys).values(lease_until=past))
    assert (await create(platform, "k1", fail="crash")).status_code == 500
    assert len(platform.echo.created) == 2


async def test_a_client_that_leaves_finds_its_answer(platform: Platform) -> None:
    request = asyncio.create_task(create(platform, "k1", name="one", seconds=0.4))
    await asyncio.sleep(0.2)
    request.cancel()
    await asyncio.sleep(0.5)
    assert (await create(platform, "k1", name="one", seconds=0.4)).headers["Idempotency-Replayed"] == "true"
    assert platform.echo.created == ["one"]


async def test_an_answer_that_must_not_be_stored_is_not_kept(platform: Platform) -> None:
    for number in (1, 2):
        answer = await create(platform, "k1", secret=True)
        assert (answer.status_code, answer.json()["id"]) == (201, f"thing_{number}")


async def test_the_table_alone_tells_neither_key_nor_answer(platform: Platform) -> None:
    await create(platform, "a-very-secret-key", name="shown-once")
    async with platform.gateway.process.database.unscoped() as tx:
        row = (await tx.execute(select(idempotency_keys))).one()
    text = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    assert b"shown-once" not in text and b"a-very-secret-key" not in text


async def test_an_answer_is_not_repeated_to_whoever_may_not_do_it_any_more(platform_with_bus: Platform) -> None:
    platform = platform_with_bus
    assert (await create(platform, "k1", name="one")).status_code == 201
    await platform.unbind("usr_ann", "prj_a")

    async def refused() -> bool:
        answer = await create(platform, "k1", name="one")
        return answer.status_code == 403 and "one" not in answer.text

    await until(refused, 1)
    await platform.bind("usr_ann", "member", "prj_a")
    await until(lambda: repeated(platform), 1)
    assert platform.echo.created == ["one"]


async def test_an_answer_is_not_repeated_to_a_token_that_may_do_less(platform: Platform) -> None:
    assert (await create(platform, "k1", name="one")).status_code == 201
    narrow = platform.session("usr_ann", sid="tok_1", role="viewer")
    body = {"project": "prj_a", "name": "one"}
    answer = await platform.client.post("/v1/things", json=body, headers={**narrow, "Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert platform.echo.created == ["one"]


async def repeated(platform: Platform) -> bool:
    answer = await create(platform, "k1", name="one")
    return answer.headers.get("Idempotency-Replayed") == "true"


async def test_old_keys_are_purged(platform: Platform) -> None:
    await create(platform, "k1", name="one")
    async with platform.gateway.process.database.unscoped() as tx:
        await tx.execute(update(idempotency_keys).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert await platform.gateway.context.store.purge() == 1
