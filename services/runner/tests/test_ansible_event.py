"""What a person reads of a failed task."""

import msgspec

from services.runner.domain.ansible_event import decode


def _failed(result: dict[str, object]) -> bytes:
    data = {"host": "c1", "task": "Make accounts", "res": result}
    return msgspec.json.encode({"event": "runner_on_failed", "created": "2026-11-21T12:00:00", "event_data": data})


def test_a_failed_loop_is_told_by_the_item_that_failed() -> None:
    items = [{"item": "alice", "msg": "fine"}, {"item": "bob", "failed": True, "msg": "no home", "stderr": "EROFS"}]
    event = decode(_failed({"msg": "One or more items failed", "results": items}))
    assert event is not None and event.message == "bob: no home\nEROFS"


def test_a_failed_task_is_told_by_its_own_words_each_once() -> None:
    event = decode(_failed({"msg": "no such file", "stderr": "no such file", "stdout": "looked in /"}))
    assert event is not None and event.message == "no such file\nlooked in /"


def test_what_is_no_event_is_passed_over() -> None:
    assert decode(b"ansible-runner says something else") is None
