"""Server-sent events: read, and followed without a gap over broken connections."""

import json
from itertools import islice

import pytest

from clients.cli.tests.examples import event
from clients.cli.tests.served import Api
from cloudpoint import ApiProblem, Client
from cloudpoint.sdk import events
from cloudpoint.sdk.frames import Frame, frames_of

STREAM = "/v1/events/stream?project=prj_1"


def sent(*numbers: int) -> bytes:
    return b"".join(
        f"id: {number}\nevent: cluster.changed\ndata: {json.dumps(event(number))}\n\n".encode() for number in numbers
    )


def test_frames() -> None:
    lines = ["retry: 1000", "", "id: 7", "event: a", "data: one", "data:two", "", ": alive", "id: 8", "", "data: cut"]
    assert list(frames_of(lines)) == [
        Frame("message", "", None),
        Frame("a", "one\ntwo", "7"),
        Frame("message", "", "8"),
    ]


def test_a_broken_stream_goes_on_after_the_last_event(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_PAUSE_SECONDS", 0.01)
    api.answer("GET", STREAM, b"retry: 1000\n\n" + sent(1, 2) + b"id: 5\n: alive\n\nid: 6\ndata: {cu")
    api.problem("GET", STREAM, 503, "unavailable")
    api.answer("GET", STREAM, sent(6))
    seen = [item.number for item in islice(Client(api.url).events.stream("prj_1"), 12) if item]
    assert seen[:3] == [1, 2, 6]
    assert [asked.headers.get("Last-Event-ID") for asked in api.asked[:3]] == [None, "5", "5"]


def test_a_reset_says_to_look_anew(api: Api) -> None:
    api.answer("GET", STREAM, b'id: 9\nevent: reset\ndata: {"reason":"too-old","oldest":3,"last":9}\n\n' + sent(10))
    first, second = islice(Client(api.url).events.stream("prj_1", after=1), 2)
    assert first is None
    assert second is not None
    assert second.number == 10
    assert api.asked[0].headers["Last-Event-ID"] == "1"


def test_a_refused_stream_ends(api: Api) -> None:
    api.problem("GET", STREAM, 403, "forbidden")
    with pytest.raises(ApiProblem):
        next(Client(api.url).events.stream("prj_1"))
