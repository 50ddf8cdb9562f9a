"""What the private servers share: is a process still the one we started, ask it to end, wait until it is gone."""

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

_LOOK_EVERY_SECONDS = 0.05


class ServerFailed(RuntimeError):
    """A private server did not start or stop in time; the message holds the end of its log."""


def is_alive(pid: int, marker: str) -> bool:
    """Say whether ``pid`` runs a command line that holds ``marker`` (a reused pid does not)."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return marker.encode() in command


def wait_until(condition: Callable[[], bool], deadline_seconds: float) -> bool:
    """Wait for ``condition``; False when the deadline passed first."""
    end = time.monotonic() + deadline_seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK_EVERY_SECONDS)
    return True


def end_process(pid: int, marker: str, *, gently: signal.Signals, deadline_seconds: float) -> None:
    """Send ``gently``, and SIGKILL to what is still there at the deadline."""
    for sign, patience in ((gently, deadline_seconds), (signal.SIGKILL, 5.0)):
        if not is_alive(pid, marker):
            return
        _send(pid, sign)
        if wait_until(lambda: not is_alive(pid, marker), patience):
            return
    raise ServerFailed(f"Process {pid} ({marker}) outlived SIGKILL.")


def _send(pid: int, sign: signal.Signals) -> None:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return


def free_port() -> int:
    """Return a TCP port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log, or a note that there is none."""
    if not log.exists():
        return f"(no log at {log})"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
