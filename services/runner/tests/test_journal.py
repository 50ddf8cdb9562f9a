"""What happened is written down in order, whatever becomes of the database meanwhile."""

import asyncio

from services.chassis.testing.waiting import until
from services.runner.domain.element_order import entries_of
from services.runner.domain.journal import Journal
from services.runner.domain.masking import Mask
from services.runner.domain.progress import Progress
from services.runner.storage.records import Batch
from services.runner.tests.requests import element


async def test_the_end_of_a_run_waits_for_what_the_database_would_not_take_and_overtakes_nothing() -> None:
    away, refused, written = True, 0, []

    async def write(batch: Batch) -> None:
        nonlocal refused
        if away and batch.log == "first\n":
            refused += 1
            raise ConnectionError("the disk is full")
        written.append(batch.log)

    journal = Journal(Progress(entries_of((element("a", "c1"),))), Mask(()), write, log_limit_characters=1000)
    flushing = asyncio.create_task(journal.flush_forever(0.01))
    journal.line("first\n")
    await until(lambda: refused > 0, 10)
    flushing.cancel()
    await asyncio.gather(flushing, return_exceptions=True)
    journal.line("last\n")
    end = asyncio.create_task(journal.flush())
    await asyncio.wait([end], timeout=0.2)
    assert not end.done() and written == []
    away = False
    await asyncio.wait_for(end, 10)
    assert written == ["first\n", "last\n"]
