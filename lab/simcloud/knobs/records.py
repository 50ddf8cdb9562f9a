"""What a knob says: where it bites, when, and what it does there."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import msgspec

from lab.simcloud.config import PORT_OFFSETS

SERVICES = ("*", *PORT_OFFSETS)
KINDS = ("node", "server", "stack", "resource")


class Knob(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="on"):
    """A fault that waits for its moment.

    id: given, or made up. note: for people. nth: the first match that it bites, from 1. times: how often it bites at
    most. probability and seed: whether a match is bitten; the same seed bites the same matches. moment: before the
    work, which then does not happen, or after it, when its effect is there. delay_seconds: waits first, and then does
    what `effect` says. effect: `delay` (no more than that), `hold` (waits until the knob is removed), and what the two
    kinds below have of their own.
    """

    id: str = ""
    note: str = ""
    nth: int = 1
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    moment: Literal["before", "after"] = "before"
    delay_seconds: float = 0.0

    def mistakes(self) -> Iterator[str]:
        """What is wrong with it, one sentence each."""
        if self.nth < 1:
            yield "nth: matches are counted from 1"
        if self.times is not None and self.times < 1:
            yield "times: at least 1, or left out for no limit"
        if not 0 < self.probability <= 1:
            yield "probability: above 0, at most 1"
        if self.delay_seconds < 0:
            yield "delay_seconds: not below 0"


class CallKnob(Knob, kw_only=True, forbid_unknown_fields=True, tag="call"):
    """A fault of calls.

    service: of `SERVICES`. method: or `*`. path: a pattern in which `*` is one part of a path and `**` any number.
    about: only calls in whose path, query or body this stands as a whole word, such as the name or id of a thing.
    effect `error` answers with status; message, kind (its `type`) and headers as the real service words it if left
    out; body replaces all of it, for what a proxy in front would say. `drop` closes the connection without an answer.
    """

    service: str = "*"
    method: str = "*"
    path: str = "**"
    about: str = ""
    effect: Literal["delay", "hold", "error", "drop"]
    status: int = 503
    message: str | None = None
    kind: str | None = None
    headers: dict[str, str] = {}
    body: str | None = None
    content_type: str = "text/html"

    def mistakes(self) -> Iterator[str]:
        """What is wrong with it, one sentence each."""
        yield from super().mistakes()
        if self.service not in SERVICES:
            yield f"service: one of {', '.join(SERVICES)}"
        if not 400 <= self.status <= 599:
            yield "status: an error's, 400 to 599"
        if self.effect == "delay" and not self.delay_seconds:
            yield "delay_seconds: a delay needs one"

    def fits(self, service: str, method: str, path: str) -> bool:
        """Whether it is for such calls; `about` is looked at apart, since it needs the body."""
        return (
            self.service in ("*", service)
            and self.method in ("*", method)
            and path_pattern(self.path).fullmatch(path) is not None
        )

    def is_about(self, text: str) -> bool:
        """Whether the thing stands in a text."""
        return not self.about or re.search(rf"(?<![\w-]){re.escape(self.about)}(?![\w-])", text) is not None


class WorkKnob(Knob, kw_only=True, forbid_unknown_fields=True, tag="work"):
    """A fault of what a thing goes through in the background.

    kind: of `KINDS`. name: name or id, with `*` for any letters; a resource is `stack/resource`. state: of a node the
    provision state or the power verb it goes through, of a server its task, of a stack or resource its action; `*` is
    any. effect `fail` makes the work fail with `reason`.
    """

    kind: str
    name: str = "*"
    state: str = "*"
    effect: Literal["delay", "hold", "fail"]
    reason: str = "Something went wrong."

    def mistakes(self) -> Iterator[str]:
        """What is wrong with it, one sentence each."""
        yield from super().mistakes()
        if self.kind not in KINDS:
            yield f"kind: one of {', '.join(KINDS)}"
        if self.effect == "delay" and not self.delay_seconds:
            yield "delay_seconds: a delay needs one"

    def fits(self, kind: str, names: tuple[str, ...], state: str) -> bool:
        """Whether it is for such work on a thing that has these names."""
        pattern = name_pattern(self.name)
        return (
            self.kind == kind
            and self.state in ("*", state)
            and any(pattern.fullmatch(name) is not None for name in names)
        )


AnyKnob = CallKnob | WorkKnob


class Firing(msgspec.Struct, frozen=True):
    """One time that a knob bit."""

    at: str
    what: str


class Count(msgspec.Struct):
    """matched: how often its place was passed. fired: how often it bit. holding: how many it holds now."""

    matched: int = 0
    fired: int = 0
    holding: int = 0
    last: list[Firing] = []


@lru_cache(maxsize=1024)
def path_pattern(text: str) -> re.Pattern[str]:
    """A pattern of paths as a regular expression."""
    parts = (part.replace(r"\*", "[^/]*") for part in re.escape(text).split(r"\*\*"))
    return re.compile(".*".join(parts))


@lru_cache(maxsize=1024)
def name_pattern(text: str) -> re.Pattern[str]:
    """A pattern of names as a regular expression."""
    return re.compile(re.escape(text).replace(r"\*", ".*"))
