"""One deadline a request, passed along: a called service never works longer than its caller waits."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

HEADER = "X-Request-Timeout-Ms"
_MILLISECONDS = re.compile(r"[0-9]{1,12}")
_current: ContextVar[float | None] = ContextVar("deadline", default=None)


def begin(seconds: float, header: str | None) -> Token[float | None]:
    """Set this task's deadline to the sooner of ``seconds`` from now and what the caller's header says."""
    asked = int(header) / 1000 if header and _MILLISECONDS.fullmatch(header) else seconds
    return _current.set(time.monotonic() + min(seconds, asked))


def end() -> None:
    """Let this task go on without a deadline: what it answers lasts, such as a stream."""
    _current.set(None)


def remaining(limit_seconds: float) -> float:
    """Return the seconds that are left, at most ``limit_seconds`` and at least zero."""
    deadline = _current.get()
    return limit_seconds if deadline is None else max(0.0, min(limit_seconds, deadline - time.monotonic()))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give work that no request started its own deadline."""
    token = _current.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _current.reset(token)
