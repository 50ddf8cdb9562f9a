"""Ports for tests that start servers, so that two sessions on one machine keep apart."""

import os
import socket

_FIRST, _LAST = 17900, 21900
# Each process of a suite that is shared out looks in a range of its own first.
_APART = 400
# Below those that the kernel gives to clients (from 32768 on), which would take one between a look and a bind.
_OWN_FIRST, _OWN_PORTS = 22000, 8000


def free_range(count: int) -> int:
    """Return the first of ``count`` ports of loopback, one after the other, on which nobody listens at this moment."""
    for first in range(_FIRST + _APART * _process(), _LAST, 20):
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise OSError(f"no {count} free ports in a row between {_FIRST} and {_LAST}")


def port_of_this_process() -> int:
    """Return a port of loopback on which nobody listens, by the pid: processes that start at once get one each."""
    pid = os.getpid()
    ports = (_OWN_FIRST + (pid + further) % _OWN_PORTS for further in range(_OWN_PORTS))
    return next(port for port in ports if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _process() -> int:
    """The number of this process in a suite that pytest-xdist shares out; without, one by chance of its pid."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    return (int(worker.removeprefix("gw")) if worker else os.getpid()) % 8
