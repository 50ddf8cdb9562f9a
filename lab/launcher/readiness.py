"""Waits until something answers over HTTP."""

import http.client
import socket
import time
from collections.abc import Callable

from lab.launcher.processes import ServerFailed

LOOK_EVERY_SECONDS = 0.1
ONE_LOOK_SECONDS = 2.0


def listens(port: int) -> bool:
    """Say whether something on loopback takes connections on ``port``."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def look(port: int, path: str) -> tuple[int, str]:
    """One GET on loopback: status and body; status 0 and the reason where there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ONE_LOOK_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()


def wait_ready(name: str, door: tuple[int, str], deadline_seconds: float, hopeless: Callable[[], str]) -> None:
    """Wait until GET of ``door`` (port and path) answers 200, or 300 as Keystone's list of versions does.

    Raises ServerFailed with the last answer when the deadline passes, or at once when ``hopeless`` gives a reason.
    """
    port, path = door
    end = time.monotonic() + deadline_seconds
    while True:
        status, body = look(port, path)
        if status in (200, 300):
            return
        if reason := hopeless():
            raise ServerFailed(f"{name} {reason}")
        if time.monotonic() > end:
            raise ServerFailed(f"{name} is not ready after {deadline_seconds:.0f} s: {_reason(status, body)}")
        time.sleep(LOOK_EVERY_SECONDS)


def _reason(status: int, body: str) -> str:
    return f"HTTP {status}: {body[:800]}" if status else body
