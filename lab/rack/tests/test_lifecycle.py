"""A rack that goes down and up, is killed, and is scrapped."""

import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.rack.tests.bench import Bench, kernel_traces, wait_for

pytestmark = pytest.mark.machines


@pytest.fixture
def own(machines_allowed: None, tmp_path: Path) -> Iterator[Bench]:
    """A rack of two machines that a test may mistreat."""
    bench = Bench(tmp_path, f"l{os.getpid() % 100000}", "10.99.2.0/24")
    bench.up(2)
    yield bench
    bench.close()


def test_power_and_disks_outlive_down_and_a_killed_rack(own: Bench) -> None:
    own.deploy("m1", str(uuid.uuid4()))
    own.ssh("m1", "echo kept > /root/file; sync")
    own.ask("down")
    assert kernel_traces(own.name) == []
    own.ask("up")
    own.wait_for_ssh("m1")
    assert own.show("m2")["power"] == "Off"
    os.kill(int((own.state / "rack" / own.name / "serve.lock").read_text()), signal.SIGKILL)
    wait_for(lambda: not [trace for trace in kernel_traces(own.name) if "lab.rack" in trace], "its processes to end", 5)
    own.ask("up", "--machines", "3")
    own.wait_for_ssh("m1")
    assert own.ssh("m1", "cat /root/file") == "kept\n"
    assert own.show("m3")["power"] == "Off"


def test_destroy_leaves_nothing(own: Bench) -> None:
    own.deploy("m1", str(uuid.uuid4()))
    own.ask("destroy")
    assert kernel_traces(own.name) == []
    assert not (own.state / "rack" / own.name).exists()


def test_a_killed_rack_is_cleared_by_down(own: Bench) -> None:
    own.deploy("m1", str(uuid.uuid4()))
    os.kill(int((own.state / "rack" / own.name / "serve.lock").read_text()), signal.SIGKILL)
    own.ask("down")
    assert kernel_traces(own.name) == []


def test_what_cannot_be_is_refused_in_a_sentence(own: Bench) -> None:
    for arguments, said in (
        (["up", "--name", own.name], "is up already"),
        (["up", "--name", own.name, "--machines", "1"], f"destroy --name {own.name}"),
        (["up", "--name", "Bad_Name"], "Rack name"),
        (["show", "--name", own.name, "m9"], "has no machine 'm9'"),
        (["list", "--name", "other"], "There is no such rack"),
    ):
        ended = own.cli(*arguments, check=False)
        assert ended.returncode == 1 and said in ended.stderr and "Traceback" not in ended.stderr
