"""Follows a child process that writes to a file: what it prints is passed on line by line, up to a deadline."""

import subprocess
import time
from collections.abc import Callable
from typing import TextIO

LOOK_EVERY_SECONDS = 0.1


def follow(
    child: "subprocess.Popen[bytes]", printed: TextIO, say: Callable[[str], None], deadline_seconds: float
) -> int | None:
    """Pass on what is printed until the child ends; returns its exit code, None if it was killed at the deadline."""
    end = time.monotonic() + deadline_seconds
    while (code := child.poll()) is None and time.monotonic() < end:
        _pass_on(printed, say)
        time.sleep(LOOK_EVERY_SECONDS)
    if code is None:
        child.kill()
        child.wait()
    _pass_on(printed, say)
    return code


def _pass_on(printed: TextIO, say: Callable[[str], None]) -> None:
    """Say whole lines only; the rest of one is read with the next look."""
    place = printed.tell()
    while (line := printed.readline()).endswith("\n"):
        say(line.rstrip())
        place = printed.tell()
    printed.seek(place)
