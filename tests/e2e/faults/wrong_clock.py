"""Becomes a module whose clock is wrong: ``python -m tests.e2e.faults.wrong_clock SECONDS MODULE ARGUMENT…``.

libfaketime answers ``clock_gettime(CLOCK_REALTIME)``; what waits by the monotonic clock is left as it is.
"""

import os
import sys
from pathlib import Path

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


def environment(seconds: int) -> dict[str, str]:
    """Return what makes the clock of a program that is started with it wrong by so much."""
    return {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME": f"{seconds:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
        "FAKETIME_NO_CACHE": "1",
        "NO_FAKE_STAT": "1",
    }


if __name__ == "__main__":
    seconds, *command = sys.argv[1:]
    os.execve(sys.executable, [sys.executable, "-m", *command], {**os.environ, **environment(int(seconds))})
