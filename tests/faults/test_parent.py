"""The parent has a worker on each lane, however the one before it went, and ends when one fails by itself."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.chassis.testing.waiting import until

_PROGRAM = """
import os, signal, sys
from pathlib import Path
from tests.faults.parent import Lane, Parent

def work(lane):
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGUSR1, lambda *_: os._exit(3))
    with Path(lane.config).open("a") as begun:
        begun.write(f"{os.getpid()}\\n")
    while True:
        signal.pause()

sys.exit(Parent([Lane(sys.argv[1], None)], work).run())
"""


@pytest.fixture
def begun(tmp_path):
    """The pids of the workers that began on the lane, and the parent."""
    path = tmp_path / "lane"
    path.touch()
    parent = subprocess.Popen([sys.executable, "-c", _PROGRAM, str(path)], stderr=subprocess.PIPE, text=True)

    def pids():
        return [int(line) for line in path.read_text().splitlines()]

    yield pids, parent
    parent.kill()
    parent.communicate()


async def _workers(begun, number):
    pids, parent = begun
    await until(lambda: len(pids()) == number or parent.poll() is not None)
    assert parent.poll() is None, parent.stderr.read()
    return pids()


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
async def test_another_worker_begins_when_one_was_ended_or_stopped(begun, sign):
    [first] = await _workers(begun, 1)
    os.kill(first, sign)
    assert len(await _workers(begun, 2)) == 2


async def test_one_stopped_woken_and_ended_before_the_parent_looked_is_replaced(begun):
    [first] = await _workers(begun, 1)
    _, parent = begun
    os.kill(parent.pid, signal.SIGSTOP)
    for sign in (signal.SIGSTOP, signal.SIGCONT, signal.SIGTERM):
        os.kill(first, sign)
    await until(lambda: _state(first) == "Z")
    os.kill(parent.pid, signal.SIGCONT)
    assert len(await _workers(begun, 2)) == 2


async def test_it_ends_with_the_code_of_a_worker_that_failed_by_itself_and_says_so(begun):
    [first] = await _workers(begun, 1)
    _, parent = begun
    os.kill(first, signal.SIGUSR1)
    await until(lambda: parent.poll() is not None)
    assert parent.returncode == 3
    assert f"worker {first} of" in (said := parent.stderr.read()) and said.endswith("failed by itself: 3\n")


async def test_told_to_stop_it_ends_its_workers_and_then_itself(begun):
    [first] = await _workers(begun, 1)
    _, parent = begun
    parent.terminate()
    await until(lambda: parent.poll() is not None)
    assert parent.returncode == 0 and _state(first) == ""


def _state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""
