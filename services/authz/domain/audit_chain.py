"""The audit record: a chain of lines, each with a digest over itself and the one before."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

GENESIS = "0" * 64
"""What stands for the digest before the first record."""


@dataclass(frozen=True)
class Entry:
    """What is to be recorded: its kind, whom it is about, the services it came through, and particulars."""

    kind: str
    subject: str
    project_id: str | None = None
    chain: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


def data_text(data: dict[str, Any]) -> str:
    """Return particulars as the one text that is kept and digested."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)


def digest(previous: str, number: int, at: datetime, entry: Entry) -> str:
    """Return the SHA-256 (hex) of a record and the digest before it."""
    parts = [previous, number, at.isoformat(), entry.kind, entry.subject, entry.project_id, entry.chain]
    return hashlib.sha256(json.dumps([*parts, data_text(entry.data)]).encode()).hexdigest()
