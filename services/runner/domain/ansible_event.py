"""One event of ansible-runner, reduced to what a run needs to know.

The shape of the events is that of ansible-runner 2.4 (``docs/intro.rst``, "Runner Artifact Job Events"); unknown kinds
and fields are ignored.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

_ELEMENT = re.compile(r"/elements/(\d\d-[a-z0-9-]+)/")
_END = re.compile(r"end of (\d\d-[a-z0-9-]+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_MESSAGE_CHARACTERS = 4000


class Outcome(StrEnum):
    """What an event says."""

    ELEMENT_ENDED = "element ended"
    STARTED = "started"
    OK = "ok"
    CHANGED = "changed"
    FAILED = "failed"
    IGNORED = "ignored"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"
    STATISTICS = "statistics"
    OTHER = "other"


HOST_RESULTS = frozenset(
    {Outcome.OK, Outcome.CHANGED, Outcome.FAILED, Outcome.IGNORED, Outcome.UNREACHABLE, Outcome.SKIPPED}
)
"""The outcomes that end one task on one host."""

_KINDS = {
    "runner_on_start": Outcome.STARTED,
    "runner_on_ok": Outcome.OK,
    "runner_on_failed": Outcome.FAILED,
    "runner_on_unreachable": Outcome.UNREACHABLE,
    "runner_on_skipped": Outcome.SKIPPED,
    "playbook_on_stats": Outcome.STATISTICS,
}


@dataclass(frozen=True)
class AnsibleEvent:
    """What happened, where, and the text that Ansible printed for it. ``seconds`` is how long the task took."""

    outcome: Outcome
    at: datetime
    stdout: str
    element_key: str | None = None
    host: str | None = None
    task: str | None = None
    message: str | None = None
    seconds: float | None = None
    failed_hosts: tuple[str, ...] = ()


class _Line(msgspec.Struct):
    event: str = ""
    stdout: str = ""
    created: str = ""
    event_data: dict[str, Any] = {}


def decode(line: bytes) -> AnsibleEvent | None:
    """Return the event of one line of ``ansible-runner run --json``; None for a line that is none."""
    try:
        raw = msgspec.json.decode(line, type=_Line)
    except msgspec.MsgspecError:
        return None
    data = raw.event_data
    result = data.get("res") if isinstance(data.get("res"), dict) else {}
    return AnsibleEvent(
        outcome=_outcome(raw.event, data, result),
        at=_time(raw.created),
        stdout=_COLOUR.sub("", raw.stdout).replace("\r\n", "\n"),
        element_key=_element_key(data),
        host=data.get("host"),
        task=data.get("task"),
        message=_message(result),
        seconds=data.get("duration"),
        failed_hosts=tuple({**data.get("failures", {}), **data.get("dark", {})}) if "processed" in data else (),
    )


def end_of(key: str) -> str:
    """Return the name of the empty play that stands after an element, and tells that its end was reached."""
    return f"end of {key}"


def _outcome(kind: str, data: dict[str, Any], result: Any) -> Outcome:
    if kind == "playbook_on_play_start" and _END.fullmatch(str(data.get("play"))):
        return Outcome.ELEMENT_ENDED
    outcome = _KINDS.get(kind, Outcome.OTHER)
    if outcome is Outcome.FAILED and data.get("ignore_errors"):
        return Outcome.IGNORED
    if outcome is Outcome.OK and result.get("changed") is True:
        return Outcome.CHANGED
    return outcome


def _element_key(data: dict[str, Any]) -> str | None:
    """Return the key of the element that a play or task belongs to, by the file in which it is written."""
    found = _END.fullmatch(str(data.get("play"))) or _ELEMENT.search(str(data.get("task_path")))
    return found.group(1) if found else None


def _message(result: Any) -> str | None:
    if not result:
        return None
    item = _failed_item(result)
    if item is not None:
        return f"{item.get('_ansible_item_label') or item.get('item')}: {_message(item)}"[:_MESSAGE_CHARACTERS]
    parts = [str(result[key]).strip() for key in ("msg", "stderr", "stdout", "censored") if result.get(key)]
    distinct = list(dict.fromkeys(part for part in parts if part))
    return "\n".join(distinct)[:_MESSAGE_CHARACTERS] or None


def _failed_item(result: Any) -> Any:
    """Return the first item of a loop that failed: the loop itself only says that one did."""
    items = result.get("results")
    if not isinstance(items, list):
        return None
    return next((item for item in items if isinstance(item, dict) and item.get("failed")), None)


def _time(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
