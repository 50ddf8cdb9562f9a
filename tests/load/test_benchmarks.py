"""The frame of the benchmarks: what a reader of its table and its JSON relies on."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.load import __main__ as command
from tests.load.benchmark import FOLDER, Benchmark, Run, found
from tests.load.figures import Figure, Peer, at_least, at_most, median, p99


def _quick(run: Run) -> list[Figure]:
    samples = [float(number) for number in range(1, run.rounds + 1)]
    return [
        median("as wanted", "s", samples, at_most(1.15, "ratio"), Peer("floor", 3.0, (3.0,))),
        p99("too much", "ms", samples, at_most(2)),
    ]


def _broken(run: Run) -> list[Figure]:
    raise RuntimeError("the peer does not answer")


PLANTED = [
    Benchmark("broken", "fails", _broken),
    Benchmark("elsewhere", "cannot run here", _quick, needs=(lambda: "there is no such machine",)),
    Benchmark("quick", "two figures", _quick, rounds=5),
    Benchmark("slow", "only when asked for", _broken, on_request="it takes an hour"),
]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Run the command on planted benchmarks; gives what it printed, its exit code and its document."""
    monkeypatch.setattr(command, "found", lambda: PLANTED)

    def run(*arguments: str):
        path = tmp_path / "bench.json"
        done = CliRunner().invoke(command.main, [*arguments, "--json", str(path)])
        return done.output, done.exit_code, json.loads(path.read_text()) if path.exists() else None

    before = signal.getsignal(signal.SIGTERM)
    yield run
    signal.signal(signal.SIGTERM, before)


def test_each_module_declares_the_benchmark_that_it_is_named_like() -> None:
    modules = {path.stem.replace("_", "-") for path in FOLDER.glob("*.py") if not path.stem.startswith("test_")}
    assert {benchmark.name for benchmark in found()} == modules


def test_one_that_fails_stops_no_other_and_is_told(bench) -> None:
    printed, code, document = bench()
    assert code == 1
    assert "the peer does not answer" in printed
    assert "skipped, there is no such machine" in printed
    assert 'skipped, it takes an hour: make bench ARGS="slow"' in printed
    assert printed.splitlines()[-1] == "bench: 1 of 2 aims met; 1 ran, 2 skipped, 1 failed"
    assert [one["name"] for one in document["benchmarks"]] == ["broken", "elsewhere", "quick", "slow"]


def test_the_document_holds_what_figures_were_made_of(bench) -> None:
    _, code, document = bench("quick")
    assert code == 0
    (entry,) = document["benchmarks"]
    wanted, missed = entry["figures"]
    assert (wanted["value"], wanted["ratio"], wanted["met"]) == (3.0, 1.0, True)
    assert wanted["peer"] == {"name": "floor", "value": 3.0, "samples": wanted["peer"]["samples"]}
    assert (missed["value"], missed["met"], missed["samples"]["count"]) == (5.0, False, 5)
    assert document["machine"]["cores"] >= 1
    assert document["commit"].keys() == {"id", "changed_files"}


def test_one_that_is_told_to_stop_takes_down_what_it_started(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    taken_down = []

    def stopped(run: Run) -> list[Figure]:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)
        finally:
            taken_down.append(True)
        return []

    monkeypatch.setattr(command, "found", lambda: [PLANTED[2], Benchmark("stopped", "is stopped", stopped)])
    _, code, document = bench()
    assert taken_down == [True]
    assert code == 1
    assert [one["name"] for one in document["benchmarks"]] == ["quick"]


def test_rounds_are_as_asked_for(bench) -> None:
    _, _, document = bench("quick", "--rounds", "2")
    assert document["benchmarks"][0]["figures"][1]["samples"]["count"] == 2


def test_what_is_asked_for_by_name_and_cannot_run_is_a_failure(bench) -> None:
    assert bench("elsewhere")[1] == 1


def test_the_list_runs_nothing(bench) -> None:
    printed, code, document = bench("--list")
    assert (code, document) == (0, None)
    assert "cannot run here  (there is no such machine)" in printed


def test_an_unknown_name_is_told_with_those_that_there_are(bench) -> None:
    printed, code, _ = bench("slw")
    assert code == 2
    assert "broken, elsewhere, quick, slow" in " ".join(printed.split())


def test_aims_of_ratios_without_a_peer_are_missed() -> None:
    assert Figure("rate", 10.0, "1/s", aim=at_least(0.9, "ratio")).met is False
    assert Figure("rate", 10.0, "1/s", peer=Peer("nginx", 11.0), aim=at_least(0.9, "ratio")).met is True
