"""The supervisor with real children."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.launcher import records
from lab.launcher.job import Job
from lab.launcher.processes import ServerFailed, free_port, wait_until
from lab.launcher.supervisor_client import SupervisorClient

SECONDS = 20.0


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupervisorClient]:
    client = SupervisorClient(tmp_path_factory.mktemp("state"))
    client.start()
    yield client
    client.stop()


def job(folder: Path, name: str, *arguments: str, module: str = "http.server") -> Job:
    return Job(name, module, arguments, str(folder / f"{name}.log"))


def pid_of(client: SupervisorClient, name: str) -> int | None:
    return next((kept["pid"] for kept in client.kept() if kept["name"] == name), None)


def answers(address: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


def test_a_job_that_ends_well_is_run_once(client: SupervisorClient, tmp_path: Path) -> None:
    client.run(job(tmp_path, "once", "--help"), SECONDS)
    assert "usage" in (tmp_path / "once.log").read_text()


def test_a_failing_job_is_reported_with_the_end_of_its_log(client: SupervisorClient, tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match=r"exit code 2(.|\n)*unrecognized arguments"):
        client.run(job(tmp_path, "wrong", "--no-such-option"), SECONDS)


def test_a_late_job_is_reported_as_late(client: SupervisorClient, tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="did not end in 0 s"):
        client.run(job(tmp_path, "late", "0", "--bind", "127.0.0.1"), 0.3)


def test_a_killed_job_is_started_again(client: SupervisorClient, tmp_path: Path) -> None:
    client.keep(job(tmp_path, "kept", "0", "--bind", "127.0.0.1"))
    assert wait_until(lambda: pid_of(client, "kept") is not None, SECONDS)
    first = pid_of(client, "kept")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: pid_of(client, "kept") not in (None, first), SECONDS)
    assert next(kept for kept in client.kept() if kept["name"] == "kept")["exit_code"] == -signal.SIGKILL


def test_a_job_that_was_changed_takes_the_place_of_the_one_before(client: SupervisorClient, tmp_path: Path) -> None:
    port = free_port()
    client.keep(job(tmp_path, "changed", str(port), "--bind", "127.0.0.1"))
    assert wait_until(lambda: pid_of(client, "changed") is not None, SECONDS)
    first = pid_of(client, "changed")
    client.keep(job(tmp_path, "changed", str(port), "--bind", "127.0.0.1"))
    time.sleep(0.5)
    assert pid_of(client, "changed") == first
    client.keep(job(tmp_path, "changed", str(port), "--bind", "127.0.0.2"))
    assert wait_until(lambda: pid_of(client, "changed") not in (None, first), SECONDS)
    assert wait_until(lambda: answers("127.0.0.2", port), SECONDS)


def test_a_job_that_always_fails_is_started_ever_more_slowly(client: SupervisorClient, tmp_path: Path) -> None:
    client.keep(job(tmp_path, "failing", "--no-such-option"))
    time.sleep(2.0)
    restarts = next(kept for kept in client.kept() if kept["name"] == "failing")["restarts"]
    assert 2 <= restarts <= 5


def test_stop_leaves_nothing_of_what_it_kept_or_that_left(tmp_path: Path) -> None:
    client = SupervisorClient(tmp_path)
    client.start()
    started = tmp_path / "orphan.py"
    started.write_text(
        "import subprocess, time\nprint(subprocess.Popen(['sleep', '1234']).pid, flush=True)\ntime.sleep(60)"
    )
    client.keep(Job("spawner", "pdb", ("-c", "continue", str(started)), str(tmp_path / "spawner.log")))
    log = tmp_path / "spawner.log"
    assert wait_until(lambda: log.exists() and log.read_text().strip().isdigit(), SECONDS)
    orphan = records.Identity.of(int(log.read_text()))
    assert orphan is not None
    client.stop()
    assert not orphan.lives()
    assert not client.running()
    assert list((tmp_path / "run").glob("*.json")) == []


def test_children_of_a_killed_supervisor_end_and_it_starts_again(tmp_path: Path) -> None:
    client = SupervisorClient(tmp_path)
    client.start()
    client.keep(job(tmp_path, "kept", "0", "--bind", "127.0.0.1"))
    assert wait_until(lambda: pid_of(client, "kept") is not None, SECONDS)
    child = records.read(tmp_path / "run", "kept")
    supervisor = records.read(tmp_path / "run", "supervisor")
    assert child is not None and supervisor is not None
    supervisor.signal(signal.SIGKILL)
    assert wait_until(lambda: not child.lives(), SECONDS)
    client.start()
    assert client.kept() == []
    client.stop()


def test_a_record_of_a_reused_pid_harms_nobody(tmp_path: Path) -> None:
    mine = records.Identity.of(os.getpid())
    assert mine is not None
    records.write(tmp_path, "stale", records.Identity(mine.pid, mine.start_ticks - 1, mine.boot_id))
    assert records.end_leftovers(tmp_path, 1.0) == []
    assert list(tmp_path.glob("*.json")) == []


def test_a_dropped_job_ends_and_stays_away_until_it_is_kept_again(client: SupervisorClient, tmp_path: Path) -> None:
    wanted = job(tmp_path, "dropped", "0", "--bind", "127.0.0.1")
    client.keep(wanted)
    assert wait_until(lambda: pid_of(client, "dropped") is not None, SECONDS)
    process = records.Identity.of(pid_of(client, "dropped") or 0)
    assert process is not None
    client.drop("dropped")
    assert wait_until(lambda: not process.lives(), SECONDS)
    assert pid_of(client, "dropped") is None
    client.keep(wanted)
    assert wait_until(lambda: pid_of(client, "dropped") is not None, SECONDS)


def test_killing_a_job_takes_its_workers_with_it(client: SupervisorClient, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    fork_and_stay = "import os, time; os.fork(); print(os.getpid(), flush=True); time.sleep(100)"
    client.keep(Job("worker", "timeit", ("-n1", "-r1", fork_and_stay), str(log)))
    assert wait_until(lambda: log.exists() and len(log.read_text().split()) == 2, SECONDS)
    both = [process for pid in log.read_text().split() if (process := records.Identity.of(int(pid)))]
    leader = records.Identity.of(pid_of(client, "worker") or 0)
    assert leader in both
    client.drop("worker")
    leader.kill()
    assert wait_until(lambda: not any(process.lives() for process in both), SECONDS)
