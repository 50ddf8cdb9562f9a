"""Pages cover a list once, whatever its order, and refuse cursors that are not theirs."""

import base64
import datetime

import pytest
from sqlalchemy import insert, select

from services.chassis.db import BadCursor, Database, Keyset
from services.chassis.testing.sample.schema import SCHEMA, things

NEWEST = Keyset((things.c.made_at, "desc"), (things.c.id, "desc"))
BY_NAME = Keyset((things.c.name, "asc"), (things.c.made_at, "desc"), (things.c.id, "asc"))
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
async def db(fresh_database):
    db = Database(await fresh_database(SCHEMA), service="sample")
    rows = [
        {
            "id": f"t{n:02}",
            "project_id": "prj_a",
            "name": f"n{n % 3}",
            "made_at": START + datetime.timedelta(seconds=n % 5),
        }
        for n in range(23)
    ]
    async with db.project("prj_a") as tx:
        await tx.execute(insert(things), rows)
    yield db
    await db.close()


async def walk(db, keyset, limit):
    ids, cursor = [], None
    while True:
        async with db.project("prj_a") as tx:
            page = await keyset.fetch(tx, select(things), limit=limit, cursor=cursor)
        ids += [row.id for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            return ids


@pytest.mark.parametrize("limit", [1, 5, 22, 23, 24])
async def test_pages_cover_the_list_once_in_order(db, limit):
    newest = sorted(range(23), key=lambda n: (n % 5, f"t{n:02}"), reverse=True)
    assert await walk(db, NEWEST, limit) == [f"t{n:02}" for n in newest]
    by_name = sorted(range(23), key=lambda n: (n % 3, -(n % 5), n))
    assert await walk(db, BY_NAME, limit) == [f"t{n:02}" for n in by_name]


def cursor_of(text):
    return base64.urlsafe_b64encode(text.encode()).decode()


async def test_a_foreign_or_garbled_cursor_is_refused(db):
    async with db.project("prj_a") as tx:
        foreign = (await BY_NAME.fetch(tx, select(things), limit=1)).next_cursor
        own = (await NEWEST.fetch(tx, select(things), limit=1)).next_cursor
        order = NEWEST._fingerprint
        bad = [
            foreign,
            own[:-3],
            "",
            "ü",
            "%%%",
            cursor_of("null"),
            cursor_of(f'["{order}", ["2026-01-01T00:00:00", "t1"]]'),
            cursor_of(f'["{order}", [7, "t1"]]'),
            cursor_of(f'["{order}", ["2026-01-01T00:00:00+00:00"]]'),
            cursor_of(f'["{order}", ["2026-01-01T00:00:00+00:00", "a\\u0000"]]'),
        ]
        for cursor in bad:
            with pytest.raises(BadCursor):
                await NEWEST.fetch(tx, select(things), limit=5, cursor=cursor)
