"""W3C trace context: the ids that let one request be followed through all services.

Source: W3C Recommendation "Trace Context", level 1, section 3.2 (``traceparent``).
"""

import os
import re
from contextvars import ContextVar
from dataclasses import dataclass

_PATTERN = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_current: ContextVar["Trace | None"] = ContextVar("trace", default=None)


@dataclass(frozen=True)
class Trace:
    """One span: 32 and 16 hexadecimal digits, and the flags."""

    trace_id: str
    span_id: str
    flags: str = "01"

    @property
    def header(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    def child(self) -> "Trace":
        """Return a span of the same trace for a call that goes out."""
        return Trace(self.trace_id, os.urandom(8).hex(), self.flags)


def begin(traceparent: str | None) -> Trace:
    """Enter the trace that a ``traceparent`` names, or a new one, and make it the task's own."""
    match = _PATTERN.match(traceparent or "")
    incoming = Trace(match[1], match[2], match[3]) if match and set(match[1]) != {"0"} else None
    trace = incoming.child() if incoming else Trace(os.urandom(16).hex(), os.urandom(8).hex())
    _current.set(trace)
    return trace


def current() -> Trace | None:
    """Return the trace of this task, if it is in one."""
    return _current.get()
