"""The history of a project, and its numbers."""

import asyncio

import pytest

from services.chassis.db import Database
from services.events.domain.recorder import Recorder
from services.events.schema import SCHEMA
from services.events.storage import history
from services.events.tests.conftest import PROJECT, Asking, happened
from tests.support.servers import FreshDatabase


async def test_events_are_listed_newest_first_by_pages(asking: Asking) -> None:
    await asking.record(*(happened(step=step) for step in range(5)))
    first = (await asking.get("/v1/events", limit=3)).json()
    second = (await asking.get("/v1/events", limit=3, cursor=first["next_cursor"])).json()
    assert [item["number"] for item in first["items"] + second["items"]] == [5, 4, 3, 2, 1]
    assert second["next_cursor"] is None
    assert first["items"][0]["data"] == {"step": 4}


async def test_after_gives_what_came_later_oldest_first(asking: Asking) -> None:
    await asking.record(*(happened() for _ in range(5)))
    page = (await asking.get("/v1/events", after=2, limit=2)).json()
    rest = (await asking.get("/v1/events", after=2, limit=2, cursor=page["next_cursor"])).json()
    assert [item["number"] for item in page["items"] + rest["items"]] == [3, 4, 5]


async def test_one_subject_or_type_can_be_asked_for(asking: Asking) -> None:
    await asking.record(happened("clu_1"), happened("clu_2"), happened("op_1", "cluster.operation.changed"))
    assert [i["number"] for i in (await asking.get("/v1/events", subject="clu_2")).json()["items"]] == [2]
    assert [i["number"] for i in (await asking.get("/v1/events", type="cluster.changed")).json()["items"]] == [2, 1]
    assert [i["number"] for i in (await asking.get("/v1/events", type="cluster.operation.*")).json()["items"]] == [3]
    assert (await asking.get("/v1/events", type="cluster")).json()["items"] == []


async def test_anothers_project_is_not_there(asking: Asking) -> None:
    await asking.record(happened(project="prj_b"))
    answers = [
        await asking.get(path, project=project)
        for path in ("/v1/events", "/v1/events/stream")
        for project in ("prj_b", "prj_nothing", "prj' or 1=1")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert (await asking.get("/v1/events")).json()["items"] == []


async def test_what_is_wrong_with_a_query_is_said(asking: Asking) -> None:
    answer = await asking.get("/v1/events", after=-1, limit=0, colour="red")
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"?after", "?limit", "?colour"}


async def test_what_belongs_to_no_project_or_to_the_audit_is_not_recorded(asking: Asking) -> None:
    await asking.record(happened(type="audit.refused"), happened(project=None))
    assert (await asking.get("/v1/events")).json()["items"] == []


async def test_an_event_that_comes_twice_is_recorded_once(asking: Asking) -> None:
    event = happened()
    recorder = asking.service.context.recorder
    await asyncio.gather(*(recorder.record(event) for _ in range(5)))
    await asking.record(event, happened())
    assert [item["number"] for item in (await asking.get("/v1/events")).json()["items"]] == [2, 1]


async def test_one_event_that_cannot_be_written_takes_no_other_with_it(asking: Asking) -> None:
    recorder = asking.service.context.recorder
    bad, good = happened(text="\0"), [happened() for _ in range(4)]
    ends = await asyncio.gather(*(recorder.record(one) for one in (*good, bad)), return_exceptions=True)
    assert [end is None for end in ends] == [True] * 4 + [False]
    assert [item["number"] for item in (await asking.get("/v1/events")).json()["items"]] == [4, 3, 2, 1]


async def test_all_that_wait_hear_of_it_when_the_one_that_writes_for_them_is_stopped(asking: Asking) -> None:
    recorder = asking.service.context.recorder
    first, second = (asyncio.create_task(recorder.record(happened())) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    async with asyncio.timeout(5):
        ends = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError] * 2
    await asking.record(happened())
    assert len((await asking.get("/v1/events")).json()["items"]) == 1


async def test_numbers_of_concurrent_writers_have_no_gap_and_appear_in_order(fresh_database: FreshDatabase) -> None:
    settings = await fresh_database(SCHEMA)
    writers = [Database(settings, service="events") for _ in range(3)]
    reader = Database(settings, service="events")
    seen: list[int] = []

    async def write(db: Database, subject: str) -> None:
        async def append(project, arrived):
            await history.append(db, project, arrived)

        recorder = Recorder(append)
        batches = [[recorder.record(happened(subject, project=p)) for p in (PROJECT, "prj_b")] for _ in range(60)]
        await asyncio.gather(*(one for batch in batches for one in batch))

    async def read() -> None:
        while len(seen) < 180:
            async with reader.project(PROJECT) as tx:
                found = await history.following(tx, PROJECT, seen[-1] if seen else 0, 50)
            seen.extend(event.number for event in found)

    async with asyncio.timeout(20):
        await asyncio.gather(read(), *(write(db, f"clu_{number}") for number, db in enumerate(writers)))
    assert seen == list(range(1, 181))
    async with reader.project("prj_b") as tx:
        assert await history.extent(tx, "prj_b") == history.Extent(1, 180)
    for db in (*writers, reader):
        await db.close()


@pytest.mark.parametrize(("days", "left"), [(1.0, 3), (0.0, 0)])
async def test_old_events_are_deleted_and_numbers_go_on(asking: Asking, days: float, left: int) -> None:
    await asking.record(*(happened() for _ in range(3)))
    async with asking.service.context.db.all_projects(purpose="test") as tx:
        assert await history.purge(tx, days) == 3 - left
    await asking.record(happened())
    assert (await asking.get("/v1/events", limit=1)).json()["items"][0]["number"] == 4
