"""Events as server-sent events (WHATWG HTML, section 9.2)."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import msgspec

from services.contracts.event import RecordedEvent

OPENING = b"retry: 1000\n\n"
"""Tells a browser to come back after a second."""


@dataclass(frozen=True)
class Frame:
    """One event, put into words once for all who follow."""

    event: RecordedEvent
    text: bytes


class Batch:
    """New events on their way to all who follow: what many of them need is made once."""

    def __init__(self, frames: list[Frame]) -> None:
        self.frames = frames
        self._made: dict[Hashable, bytes] = {}

    def once(self, key: Hashable, make: Callable[[list[Frame]], bytes]) -> bytes:
        """Return what ``make`` made of the frames for the first who asked for ``key``."""
        if key not in self._made:
            self._made[key] = make(self.frames)
        return self._made[key]


class Reset(msgspec.Struct, frozen=True):
    """Why a stream can't go on where its client was; the kept numbers are ``oldest`` to ``last``."""

    reason: str
    oldest: int
    last: int


def frame(event: RecordedEvent) -> Frame:
    """Return the event as a frame whose id is its number."""
    head = f"id: {event.number}\nevent: {event.type}\ndata: ".encode()
    return Frame(event, head + msgspec.json.encode(event) + b"\n\n")


def reset(told: Reset) -> bytes:
    """Return the frame that tells a client to read the state anew; the stream goes on after ``last``."""
    return f"id: {told.last}\nevent: reset\ndata: ".encode() + msgspec.json.encode(told) + b"\n\n"


def heartbeat(number: int) -> bytes:
    """Return a frame without data: it keeps the connection alive and moves the client's last event id on."""
    return f"id: {number}\n: alive\n\n".encode()
