"""TCP sockets inside a named network namespace, used from the ordinary event loop.

A socket belongs to the namespace of the thread that creates it, for its whole life (network_namespaces(7)). So a thread
of its own enters the namespace, creates the socket and ends; the connection is then made by the event loop as usual.
Python 3.11 has no ``os.setns``, hence ctypes.
"""

import asyncio
import ctypes
import os
import socket
import threading
from pathlib import Path

_CLONE_NEWNET = 0x40000000
"""``CLONE_NEWNET`` of ``<linux/sched.h>``."""

NAMESPACES = Path("/run/netns")
"""Where iproute2 keeps named network namespaces (ip-netns(8))."""

_libc = ctypes.CDLL(None, use_errno=True)


class NamespaceMissing(OSError):
    """There is no such network namespace, or this process may not enter it (it takes CAP_SYS_ADMIN)."""


async def tcp_socket(namespace: str | None, family: socket.AddressFamily) -> socket.socket:
    """Return a non-blocking TCP socket that lives in ``namespace`` (None: in this process's own).

    Raises NamespaceMissing.
    """
    if namespace is None:
        return _new_socket(family)
    loop = asyncio.get_running_loop()
    made: asyncio.Future[socket.socket] = loop.create_future()
    threading.Thread(target=_create_inside, args=(loop, made, namespace, family), daemon=True).start()
    return await made


def _create_inside(
    loop: asyncio.AbstractEventLoop,
    made: "asyncio.Future[socket.socket]",
    namespace: str,
    family: socket.AddressFamily,
) -> None:
    try:
        _enter(namespace)
        created = _new_socket(family)
    except OSError as error:
        loop.call_soon_threadsafe(_refuse, made, NamespaceMissing(f"Network namespace {namespace}: {error}."))
    else:
        loop.call_soon_threadsafe(_deliver, made, created)


def _enter(namespace: str) -> None:
    descriptor = os.open(NAMESPACES / namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(descriptor)


def _new_socket(family: socket.AddressFamily) -> socket.socket:
    created = socket.socket(family, socket.SOCK_STREAM)
    created.setblocking(False)
    return created


def _deliver(made: "asyncio.Future[socket.socket]", created: socket.socket) -> None:
    if made.done():
        created.close()
    else:
        made.set_result(created)


def _refuse(made: "asyncio.Future[socket.socket]", error: OSError) -> None:
    if not made.done():
        made.set_exception(error)
