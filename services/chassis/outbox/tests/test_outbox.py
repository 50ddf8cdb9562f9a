"""Events leave with the commit of their change, in order, at least once, and take effect once."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from services.chassis.bus import new_event
from services.chassis.db import Database, is_transient
from services.chassis.outbox import OutboxPublisher, OutboxSettings, inbox, outbox, purge
from services.chassis.outbox.tables import INBOX, OUTBOX
from services.chassis.testing.sample.schema import SCHEMA, things
from services.chassis.testing.waiting import until

QUICK = OutboxSettings(poll_seconds=0.1, retry_seconds=0.05)


@pytest.fixture
async def db(fresh_database):
    db = Database(await fresh_database(SCHEMA), service="sample")
    yield db
    await db.close()


def event(subject="t1", n=0):
    return new_event("thing.made", source="sample", subject=subject, project_id="prj_a", data={"n": n})


async def write(db, *events):
    async with db.project("prj_a") as tx:
        await outbox.add(tx, *events)


async def unsent(db):
    async with db.unscoped() as tx:
        return (await tx.execute(select(func.count()).where(OUTBOX.c.sent_at.is_(None)))).scalar_one()


class Broker:
    """Records what is confirmed; can be away, or confirm and then fail."""

    def __init__(self):
        self.got, self.away = [], False

    async def publish(self, one):
        await asyncio.sleep(0.001)
        if self.away:
            raise ConnectionError("away")
        self.got.append((one.subject, one.data["n"]))


@pytest.fixture
async def run():
    tasks = []

    def start(publisher):
        tasks.append(asyncio.create_task(publisher.run()))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_event_leaves_only_with_its_commit(db):
    broker = Broker()
    with pytest.raises(LookupError):
        async with db.project("prj_a") as tx:
            await tx.execute(insert(things).values(id="t1", project_id="prj_a", name="x"))
            await outbox.add(tx, event())
            raise LookupError
    assert await OutboxPublisher(db, broker.publish).publish_batch() == 0
    await write(db, event())
    assert await OutboxPublisher(db, broker.publish).publish_batch() == 1
    assert broker.got == [("t1", 0)]


async def test_a_commit_wakes_the_publisher(db, run):
    broker = Broker()
    run(OutboxPublisher(db, broker.publish, OutboxSettings(poll_seconds=30.0)))
    await asyncio.sleep(0.3)
    await write(db, event())

    async def sent():
        return broker.got == [("t1", 0)]

    await until(sent, 2.0)


async def test_subjects_keep_their_order_with_several_workers_and_a_broker_that_goes_away(db, run):
    broker = Broker()
    for _ in range(3):
        run(OutboxPublisher(db, broker.publish, QUICK))
    for n in range(60):
        if n in (20, 40):
            broker.away = n == 20
        await write(db, event("t1", n), event("t2", n))

    async def done():
        return await unsent(db) == 0

    await until(done)
    for subject in ("t1", "t2"):
        firsts = list(dict.fromkeys(n for name, n in broker.got if name == subject))
        assert firsts == list(range(60))
    assert len(broker.got) == 120


async def test_another_worker_takes_over_when_the_first_dies(db, run):
    broker = Broker()
    first = run(OutboxPublisher(db, broker.publish, QUICK))
    await write(db, event("t1", 1))
    await until(lambda: _is_empty(db))
    run(OutboxPublisher(db, broker.publish, QUICK))
    first.cancel()
    await write(db, event("t1", 2))
    await until(lambda: _is_empty(db))
    assert broker.got == [("t1", 1), ("t1", 2)]


async def _is_empty(db):
    return await unsent(db) == 0


async def test_a_lost_database_connection_is_survived(db, run):
    broker = Broker()
    run(OutboxPublisher(db, broker.publish, QUICK))
    await write(db, event("t1", 1))
    await until(lambda: _is_empty(db))
    async with db.unscoped() as tx:
        await tx.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )

    async def written() -> bool:
        """Whoever uses a connection in the moment in which it ends hears of that, and tries again."""
        try:
            await write(db, event("t1", 2))
        except (DBAPIError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresError) as error:
            assert is_transient(error)
            return False
        return True

    await until(written)
    await until(lambda: _is_empty(db))
    assert broker.got == [("t1", 1), ("t1", 2)]


async def test_one_refused_event_holds_up_its_own_subject_only(db):
    got = []

    async def publish(one):
        if one.subject == "bad":
            raise ValueError("refused")
        got.append(one.subject)

    await write(db, event("bad"), event("t1"), event("t2"))
    with pytest.raises(ValueError):
        await OutboxPublisher(db, publish).publish_batch()
    assert sorted(got) == ["t1", "t2"]
    assert await unsent(db) == 1


async def test_a_double_has_no_second_effect_even_at_the_same_moment(db):
    effects = 0

    async def take():
        nonlocal effects
        async with db.project("prj_a") as tx:
            if await inbox.first_time(tx, "sample", "evt_1"):
                effects += 1
                await asyncio.sleep(0.05)

    await asyncio.gather(*(take() for _ in range(4)))
    assert effects == 1
    async with db.project("prj_a") as tx:
        assert await inbox.first_time(tx, "another consumer", "evt_1")


async def test_an_effect_that_failed_is_not_remembered(db):
    with pytest.raises(LookupError):
        async with db.project("prj_a") as tx:
            assert await inbox.first_time(tx, "sample", "evt_1")
            raise LookupError
    async with db.project("prj_a") as tx:
        assert await inbox.first_time(tx, "sample", "evt_1")


async def test_old_rows_are_forgotten_and_unsent_ones_never(db):
    await write(db, event(n=1), event(n=2), event(n=3))
    async with db.unscoped() as tx:
        await tx.execute(text("UPDATE outbox_event SET written_at = now() - interval '30 days'"))
        await tx.execute(text("UPDATE outbox_event SET sent_at = now() - interval '2 days' WHERE position = 1"))
        await tx.execute(text("UPDATE outbox_event SET sent_at = now() WHERE position = 2"))
        await tx.execute(insert(INBOX), [{"consumer": "c", "event_id": "old"}, {"consumer": "c", "event_id": "new"}])
        await tx.execute(text("UPDATE inbox_event SET seen_at = now() - interval '8 days' WHERE event_id = 'old'"))
    assert await purge(db, OutboxSettings()) == 2
    async with db.unscoped() as tx:
        assert set((await tx.execute(select(OUTBOX.c.position))).scalars()) == {2, 3}
        assert set((await tx.execute(select(INBOX.c.event_id))).scalars()) == {"new"}


async def test_another_publisher_takes_over_from_one_that_stands_still_within_a_batch(db, run):
    quick = OutboxSettings(poll_seconds=0.1, retry_seconds=0.05, lead_seconds=0.6)
    reached, broker = asyncio.Event(), Broker()

    async def never(_event):
        reached.set()
        await asyncio.Event().wait()

    run(OutboxPublisher(db, never, quick))
    await write(db, event())
    await reached.wait()
    run(OutboxPublisher(db, broker.publish, quick))

    async def sent():
        return broker.got == [("t1", 0)]

    await until(sent, 10.0)


async def test_a_publisher_with_nothing_to_do_keeps_its_turn(db, run):
    quick = OutboxSettings(poll_seconds=0.1, retry_seconds=0.05, lead_seconds=0.6)
    first, second = Broker(), Broker()
    run(OutboxPublisher(db, first.publish, quick))
    await asyncio.sleep(0.3)
    run(OutboxPublisher(db, second.publish, quick))
    await asyncio.sleep(1.2)
    await write(db, event())

    async def sent():
        return first.got == [("t1", 0)]

    await until(sent, 2.0)
    assert second.got == []
