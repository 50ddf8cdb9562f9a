"""The matrix, event by event."""

from datetime import UTC, datetime, timedelta

from services.runner.domain.ansible_event import AnsibleEvent, Outcome, decode
from services.runner.domain.element_order import entries_of
from services.runner.domain.progress import CELL_STATES, Progress
from services.runner.domain.verdict import judge
from services.runner.tests.requests import check, element

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def progress_of(*elements) -> Progress:
    return Progress(entries_of(elements))


def happen(progress: Progress, *events: tuple[str, str | None, Outcome]) -> None:
    for number, (key, host, outcome) in enumerate(events):
        at = NOW + timedelta(seconds=number)
        event = AnsibleEvent(outcome, at, "", element_key=key or None, host=host, task="Do it", message="why")
        progress.note(event, log_offset=number * 10)


def statistics(*failed: str) -> AnsibleEvent:
    return AnsibleEvent(Outcome.STATISTICS, NOW, "", failed_hosts=failed)


def found(progress: Progress) -> dict[str, str]:
    assert all(cell.state in CELL_STATES for cell in progress.cells())
    return {f"{cell.element}@{cell.host}": cell.state for cell in progress.cells()}


def test_an_element_ends_well_on_a_host_that_was_only_skipped() -> None:
    progress = progress_of(element("a", "c1", "c2"))
    happen(progress, ("00-a", "c1", Outcome.CHANGED), ("00-a", "c2", Outcome.SKIPPED))
    assert found(progress) == {"a@c1": "running", "a@c2": "running"}
    happen(progress, ("00-a", None, Outcome.ELEMENT_ENDED))
    assert found(progress) == {"a@c1": "changed", "a@c2": "ok"}
    assert judge(progress.cells()).state == "succeeded"


def test_a_rescued_failure_is_none() -> None:
    progress = progress_of(element("a", "c1"))
    happen(progress, ("00-a", "c1", Outcome.FAILED))
    assert found(progress) == {"a@c1": "failed"}
    happen(progress, ("00-a", "c1", Outcome.OK), ("00-a", None, Outcome.ELEMENT_ENDED))
    progress.note(statistics(), 0)
    assert found(progress) == {"a@c1": "ok"}


def test_what_ansible_counts_as_failed_is_failed_and_later_elements_are_skipped() -> None:
    progress = progress_of(element("a", "c1"), element("b", "c1"))
    happen(progress, ("00-a", "c1", Outcome.FAILED), ("00-a", "c1", Outcome.OK), ("00-a", None, Outcome.ELEMENT_ENDED))
    happen(progress, ("01-b", None, Outcome.ELEMENT_ENDED))
    progress.note(statistics("c1"), 0)
    assert found(progress) == {"a@c1": "failed", "b@c1": "skipped"}


def test_a_failure_before_an_always_block_is_told_where_it_was_though_others_went_on() -> None:
    progress = progress_of(element("a", "c1", "c2"), element("b", "c1", "c2"))
    failed = AnsibleEvent(
        Outcome.FAILED, NOW, "", element_key="00-a", host="c1", task="Read it", message="no such file"
    )
    progress.note(failed, log_offset=70)
    happen(progress, ("00-a", "c1", Outcome.OK), ("00-a", "c2", Outcome.OK), ("00-a", None, Outcome.ELEMENT_ENDED))
    happen(progress, ("01-b", "c2", Outcome.OK), ("01-b", None, Outcome.ELEMENT_ENDED))
    progress.note(statistics("c1"), 0)
    assert found(progress) == {"a@c1": "failed", "a@c2": "ok", "b@c1": "skipped", "b@c2": "ok"}
    cell = progress.cells()[0]
    assert (cell.task, cell.message, cell.log_offset) == ("Read it", "no such file", 70)


def test_a_host_that_dropped_out_is_skipped_with_the_reason() -> None:
    progress = progress_of(element("a", "c1", "c2"), element("b", "c1"))
    happen(
        progress, ("00-a", "c1", Outcome.UNREACHABLE), ("00-a", "c2", Outcome.OK), ("00-a", None, Outcome.ELEMENT_ENDED)
    )
    assert found(progress) == {"a@c1": "unreachable", "a@c2": "ok", "b@c1": "skipped"}
    assert progress.cells()[2].message == "c1 dropped out in a."
    assert progress.remaining() == []
    verdict = judge(progress.cells())
    assert verdict.reason == "1 of 2 hosts: c1 did not answer in a, task Do it: why."


def test_a_failure_beyond_the_hosts_of_a_check_is_the_failure_of_the_check() -> None:
    progress = progress_of(element("a", "head", "c1"), check("sums", "head"))
    happen(progress, ("00-a", "head", Outcome.OK), ("00-a", None, Outcome.ELEMENT_ENDED))
    happen(progress, ("01-sums", "head", Outcome.OK), ("01-sums", "c1", Outcome.FAILED))
    happen(progress, ("01-sums", None, Outcome.ELEMENT_ENDED))
    progress.note(statistics("c1"), 0)
    assert found(progress) == {"a@head": "ok", "a@c1": "ok", "sums@head": "failed"}
    assert progress.cells()[2].message == "c1: why"


def test_an_early_stop_leaves_the_other_elements_to_a_second_sandbox() -> None:
    progress = progress_of(element("a", "head"), element("b", "head", "c1"))
    happen(progress, ("00-a", "head", Outcome.FAILED))
    progress.note(statistics("head"), 0)
    assert progress.take_advance() and not progress.take_advance()
    assert found(progress) == {"a@head": "failed", "b@head": "skipped", "b@c1": "pending"}
    assert [entry.name for entry in progress.remaining()] == ["b"]


def test_the_same_element_twice_keeps_its_cells_apart() -> None:
    progress = progress_of(element("a", "c1"), element("a", "c2"))
    happen(progress, ("01-a", "c2", Outcome.CHANGED), ("01-a", None, Outcome.ELEMENT_ENDED))
    assert found(progress) == {"a@c1": "pending", "a@c2": "changed"}


def test_each_change_of_a_state_is_told_however_quick() -> None:
    progress = progress_of(element("a", "c1", "c2"))
    happen(progress, ("00-a", "c1", Outcome.OK), ("00-a", "c2", Outcome.CHANGED), ("00-a", None, Outcome.ELEMENT_ENDED))
    told = [(cell.host, cell.state) for cell in progress.take_turns()]
    assert told == [("c1", "running"), ("c2", "running"), ("c1", "ok"), ("c2", "changed")]
    assert progress.take_turns() == []


def test_what_an_earlier_process_told_is_not_told_again() -> None:
    before = progress_of(element("a", "c1"))
    happen(before, ("00-a", "c1", Outcome.OK))
    progress = progress_of(element("a", "c1"))
    progress.restore(before.cells())
    happen(progress, ("00-a", "c1", Outcome.OK), ("00-a", None, Outcome.ELEMENT_ENDED))
    assert [cell.state for cell in progress.take_turns()] == ["ok"]


def test_only_what_changed_is_written() -> None:
    progress = progress_of(element("a", "c1", "c2"))
    happen(progress, ("00-a", "c1", Outcome.FAILED))
    assert {position: cell.state for position, cell in progress.take_touched().items()} == {0: "failed", 1: "running"}
    assert progress.take_touched() == {}


def test_an_event_of_ansible_runner_tells_element_host_and_message() -> None:
    line = (
        b'{"event": "runner_on_failed", "created": "2026-01-01T00:00:00+00:00",'
        b' "stdout": "\\u001b[0;31mfatal: [c1]\\u001b[0m",'
        b' "event_data": {"host": "c1", "task": "Do it", "duration": 1.5,'
        b' "task_path": "/run/cloudpoint/project/elements/03-users/roles/x/tasks/main.yaml:7",'
        b' "res": {"msg": "it failed", "stderr": "boom", "changed": false}}}'
    )
    event = decode(line)
    assert event == AnsibleEvent(
        Outcome.FAILED, NOW, "fatal: [c1]", "03-users", "c1", "Do it", "it failed\nboom", seconds=1.5
    )
    assert decode(b"Traceback (most recent call last):") is None
    assert decode(line.replace(b'"host"', b'"ignore_errors": true, "host"')).outcome is Outcome.IGNORED
