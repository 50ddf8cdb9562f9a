"""An element that tries to get out, and fails at each attempt for the right reason."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.chassis.testing.waiting import until
from services.runner.config import SandboxSettings
from services.runner.schema import SCHEMA
from tests.runs.platform import Platform, Runner, element, exists, states

_CONNECT = "import socket; socket.create_connection(({!r}, {}), 3)"
_READ = "print(open({!r}).read())"
_LIBC = (
    "import ctypes, os; c = ctypes.CDLL(None, use_errno=True); r = {}; "
    "e = ctypes.get_errno(); assert r != -1, os.strerror(e)"
)


@dataclass(frozen=True)
class Attempt:
    """Code for Python and what its failure has to say."""

    name: str
    code: str
    reason: str


@pytest.fixture
async def runner(platform: Platform, fresh_database):
    async with platform.runner(await fresh_database(SCHEMA)) as one:
        yield one


@pytest.fixture
async def open_port():
    """A port of the host's loopback on which somebody really answers."""
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_an_element_gets_out_nowhere(runner: Runner, platform: Platform, open_port: int, tmp_path: Path) -> None:
    other = await runner.start([element("waiting", ["c2"], {"seconds": 299})])
    await until(lambda: platform.floor.hosts["c2"].processes("sleep 299") != [], seconds=20)
    sockets = f"{tmp_path}/sockets/{other}"
    assert exists(f"{sockets}/c2.sock")
    _, writer = await asyncio.open_connection("127.0.0.1", open_port)
    writer.close()

    attempts = [
        Attempt("loopback", _CONNECT.format("127.0.0.1", open_port), "Connection refused"),
        Attempt("another-host", _CONNECT.format("10.99.7.12", 22), "Network is unreachable"),
        Attempt("its-own-host", _CONNECT.format("10.99.7.11", 22), "Network is unreachable"),
        Attempt("metadata", _CONNECT.format("169.254.169.254", 80), "Network is unreachable"),
        Attempt("names", "import socket; socket.getaddrinfo('example.org', 80)", "name resolution"),
        Attempt("processes", _READ.format(f"/proc/{os.getpid()}/environ"), "No such file"),
        Attempt("first-process", _READ.format("/proc/1/environ"), "Permission denied"),
        Attempt("other-run", f"import os; os.listdir({sockets!r})", "No such file"),
        Attempt("other-relay", "open('/relay/c2.sock')", "No such file"),
        Attempt("list-relay", "import os; os.listdir('/relay')", "Permission denied"),
        Attempt("service-keys", _READ.format(str(tmp_path / "keys/runner.pem")), "No such file"),
        Attempt("passwords", _READ.format("/etc/shadow"), "No such file"),
        Attempt("system", "open('/usr/bin/x', 'w')", "Read-only file system"),
        Attempt("kernel", "open('/proc/sys/kernel/core_pattern', 'w')", "Permission denied"),
        Attempt("root", "import os; os.setuid(0)", "Operation not permitted"),
        Attempt("mount", _LIBC.format("c.mount(b'x', b'/tmp', b'tmpfs', 0, 0)"), "Operation not permitted"),
        Attempt("user-namespace", _LIBC.format("c.unshare(0x10000000)"), "Operation not permitted"),
        Attempt("trace", _LIBC.format("c.ptrace(0, 0, 0, 0)"), "Operation not permitted"),
        Attempt("hypervisor", "import socket; socket.socket(40, socket.SOCK_STREAM)", "not supported"),
        Attempt("raw-packets", "import socket; socket.socket(17, socket.SOCK_RAW)", "not supported"),
    ]
    values = {"attempts": {one.name: one.code for one in attempts}}
    run = await runner.run([element("escaping", ["c1"], values)])
    assert run["state"] == "failed"
    events = (await runner.get(f"/internal/runs/{run['id']}/events"))["items"]
    said = {event["task"]: event["message"] for event in events if event["kind"] == "task"}
    tried = dict(line.split(": ", 1) for line in said["Try everything"].splitlines() if ": " in line)
    for one in attempts:
        assert one.reason in tried[one.name], f"{one.name}: {tried[one.name]}"
    cell = run["cells"][0]
    assert (cell["state"], cell["task"]) == ("failed", "Try everything") and "metadata" in cell["message"]

    seen = said["Look at what there is"].splitlines()
    assert seen[0] == str(SandboxSettings().uid)
    assert seen[1].split() == ["CapEff:", "0000000000000000"]
    assert int(seen[2]) < 40
    assert not any(name in line for line in seen for name in ("CLOUDPOINT_", "PYTEST", "VIRTUAL_ENV"))
    await runner.post(f"/internal/runs/{other}/cancel")
    assert (await runner.finish(other))["state"] == "cancelled"


async def test_memory_is_limited_and_the_run_says_so(runner: Runner) -> None:
    run = await runner.run([element("hungry", ["c1"]), element("last", ["c1"])])
    assert run["state"] == "failed"
    assert states(run)["hungry", "c1"] == "failed"
