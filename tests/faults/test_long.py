"""A few kills at random; how they are drawn and counted, and what so many of them say."""

import asyncio
import shutil
import subprocess
import sys

import pytest

from tests.faults import choice
from tests.faults.countdown import Countdown
from tests.faults.long.ledger import Ledger
from tests.faults.long.lives import Lived, drawn, live
from tests.faults.long.report import report
from tests.faults.stage import new_folder, open_stage

_LANES = 4
_WORKER = """
import sys
from pathlib import Path
from tests.faults.countdown import Countdown
countdown = Countdown(Path(sys.argv[1]))
for number in range(100):
    countdown.tick(f"thing {number}")
"""


def _lived(number, **how):
    return Lived(number=number, killed=["cluster.build~forward~finish~commit"] * 2, seconds=1.0, **how)


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="session")
async def test_clusters_come_through_kills_at_random():
    folder, seed = new_folder(), choice.commit() or "none"
    async with open_stage(folder, _LANES, 90.0) as stage:
        lived = await asyncio.gather(*(live(lane, drawn(seed, n)) for n, lane in enumerate(stage.lanes)))
    assert sum(len(one.killed) for one in lived) > _LANES
    assert not [(one.differs, drawn(seed, one.number).replay) for one in lived if one.differs]
    shutil.rmtree(folder, ignore_errors=True)


def test_workers_end_themselves_at_the_numbers_that_were_drawn(tmp_path):
    countdown = Countdown(tmp_path)
    countdown.draw("seed/1", (3, 1, 200))

    def work() -> int:
        return subprocess.run([sys.executable, "-c", _WORKER, str(tmp_path)], check=False, timeout=30).returncode

    assert [work(), work(), work()] == [-9, -9, 0]
    assert countdown.killed("seed/1") == ["thing 2", "thing 0"]
    countdown.draw("seed/2", (1,))
    assert countdown.killed("seed/2") == []
    countdown.stop()
    assert work() == 0


def test_a_seed_draws_the_same_lives():
    assert drawn("a", 1) == drawn("a", 1) != drawn("b", 1)
    assert {bool(drawn("a", number).undone_in) for number in range(30)} == {True, False}


def test_the_count_goes_on_over_runs_and_commits(tmp_path):
    path = tmp_path / "random-kills.json"
    first = Ledger(path, "c0ffee", "a")
    assert [first.hand_out(), first.hand_out()] == [0, 1]
    first.add(_lived(0, undone=False))
    again = Ledger(path, "c0ffee")
    assert again.run.seed == "a" and again.hand_out() == 2
    other = Ledger(path, "facade", "b")
    other.add(_lived(0, undone=True))
    assert (other.kills, other.lives) == (4, 2)
    assert "75.000%" in report(other)


def test_a_failed_life_is_told_with_what_lives_it_again(tmp_path):
    ledger = Ledger(tmp_path / "random-kills.json", "c0ffee", "a")
    ledger.add(_lived(7, undone=False, differs=("a stack is left",)))
    text = report(ledger)
    assert "a stack is left" in text and "--seed a --only 7" in text and "proves nothing yet" in text
    mended = Ledger(tmp_path / "random-kills.json", "facade", "b")
    mended.add(_lived(0, undone=False))
    assert (mended.kills, mended.lives) == (2, 1) and "since the last failure" in report(mended)
