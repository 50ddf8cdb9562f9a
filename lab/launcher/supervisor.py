"""The warm parent: imports the libraries once, forks every service from there, and starts again what dies.

It imports no code of ours that a child runs, so that a restarted child runs the code as it is now. It has one thread
(a fork of a process with several is not safe) and answers one JSON request a connection on a Unix socket:

    {"do": "run", "job": {...}}       run to the end; answers {"code": 0}
    {"do": "keep", "job": {...}}      run for good, in the place of another job of that name; answers at once
    {"do": "restart", "name": "…"}    stop and start a kept one
    {"do": "drop", "name": "…"}       stop a kept one and forget it
    {"do": "status"}                  what is kept: pid, restarts, last exit
    {"do": "stop"}                    stop all, highest rank first, then itself

When it dies, its children are told to end by the kernel (PR_SET_PDEATHSIG).
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.launcher import records
from lab.launcher.job import Job, become
from lab.launcher.kernel import adopt_orphans, living_descendants

# What takes longest to import; everything else is imported by the child that needs it.
WARM = (
    *("asyncio", "sanic", "sqlalchemy", "sqlalchemy.ext.asyncio", "sqlalchemy.dialects.postgresql", "asyncpg"),
    *("alembic.command", "alembic.config", "aio_pika", "httpx", "httpx_aiohttp", "aiohttp", "msgspec", "yaml"),
    *("jsonschema", "jwt", "structlog", "prometheus_client", "cryptography.hazmat.primitives.serialization"),
    *("openstack", "openstack.connection", "openstack.baremetal.v1._proxy", "keystoneauth1.session"),
)
NAME = "supervisor"
SOCKET = "supervisor.sock"
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
# A child that ran this long has earned a quick restart again.
STEADY_SECONDS = 30.0
STOP_DEADLINE_SECONDS = 20.0
KILL_DEADLINE_SECONDS = 5.0
LOOK_EVERY_SECONDS = 0.2


class Kept:
    """A child that is kept running, and what became of it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.identity: records.Identity | None = None
        self.restarts = 0
        self.exit_code: int | None = None
        self.pause_seconds = FIRST_PAUSE_SECONDS
        self.start_at = 0.0
        self.started_at = 0.0

    def report(self) -> dict[str, Any]:
        """What `status` shows."""
        return {
            "name": self.job.name,
            "pid": self.identity.pid if self.identity else None,
            "restarts": self.restarts,
            "exit_code": self.exit_code,
            "age_seconds": round(time.monotonic() - self.started_at, 1) if self.identity else None,
        }


class Supervisor:
    """One loop over requests, dead children and restarts that are due."""

    def __init__(self, state: Path, warm: Sequence[str] = WARM) -> None:
        self.records = state / "run"
        self._warm = warm
        self._address = self.records / SOCKET
        self._kept: dict[str, Kept] = {}
        self._once: dict[int, tuple[Job, socket.socket]] = {}
        self._dropped: dict[int, str] = {}
        self._stopping = False
        self._selector = selectors.DefaultSelector()

    def run(self) -> None:
        """Warm up, listen, and serve until told to stop."""
        adopt_orphans()
        wake = self._wake_on_signals()
        for name in self._warm:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()
        listener = self._listen()
        records.write(self.records, NAME, _self_identity())
        while not self._stopping:
            for key, _ in self._selector.select(self._seconds_to_next_start()):
                if key.fileobj is wake:
                    wake.recv(4096)
                else:
                    self._answer(listener)
            self._reap()
            self._start_due()
        self._stop_all()
        self._address.unlink(missing_ok=True)
        records.forget(self.records, NAME)

    def _wake_on_signals(self) -> socket.socket:
        """Let SIGCHLD end a wait, and SIGTERM or SIGINT stop the loop; returns the socket that becomes readable."""
        receiver, sender = socket.socketpair()
        sender.setblocking(False)
        signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
        self._wake_sender = sender
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: setattr(self, "_stopping", True))
        self._selector.register(receiver, selectors.EVENT_READ)
        return receiver

    def _listen(self) -> socket.socket:
        self._address.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        # A path of a socket has 107 bytes at most (unix(7)); relative to its folder any state folder will do.
        folder = os.open(self.records, os.O_DIRECTORY)
        listener.bind(f"/proc/self/fd/{folder}/{SOCKET}")
        os.close(folder)
        self._address.chmod(0o600)
        listener.listen(64)
        self._selector.register(listener, selectors.EVENT_READ)
        return listener

    def _answer(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.settimeout(2.0)
        try:
            request = json.loads(connection.makefile("rb").readline())
            answer = self._do(request, connection)
        except (OSError, ValueError, KeyError, TypeError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        if answer is not None:
            _send(connection, answer)

    def _do(self, request: dict[str, Any], connection: socket.socket) -> dict[str, Any] | None:
        """Act on a request; None when the answer is sent later."""
        match request["do"]:
            case "run":
                job = Job.from_json(request["job"])
                self._once[self._fork(job).pid] = (job, connection)
                return None
            case "keep":
                self._keep(Job.from_json(request["job"]))
                return {}
            case "restart":
                _start_anew(self._kept[request["name"]])
                return {}
            case "drop":
                self._drop(self._kept.pop(request["name"]))
                return {}
            case "status":
                return {"kept": [kept.report() for kept in self._kept.values()]}
            case "stop":
                self._stopping = True
                return {}
            case unknown:
                raise ValueError(f"there is no request {unknown!r}")

    def _keep(self, job: Job) -> None:
        kept = self._kept.setdefault(job.name, Kept(job))
        if kept.job != job:
            kept.job = job
            _start_anew(kept)

    def _drop(self, kept: Kept) -> None:
        """Ask a job to end; it is reaped as any other child, and its record kept until then."""
        if kept.identity:
            kept.identity.signal(signal.SIGTERM)
            self._dropped[kept.identity.pid] = kept.job.name

    def _fork(self, job: Job) -> records.Identity:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            become(job, parent)
        identity = records.Identity.of(pid) or records.Identity(pid, 0, "")
        records.write(self.records, job.name, identity)
        return identity

    def _start_due(self) -> None:
        now = time.monotonic()
        for kept in self._kept.values():
            if kept.identity is None and kept.start_at <= now and not self._stopping:
                kept.identity = self._fork(kept.job)
                kept.started_at = now

    def _seconds_to_next_start(self) -> float | None:
        due = [kept.start_at for kept in self._kept.values() if kept.identity is None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._note_end(pid, os.waitstatus_to_exitcode(status))

    def _note_end(self, pid: int, code: int) -> None:
        if pid in self._once:
            job, connection = self._once.pop(pid)
            records.forget(self.records, job.name)
            _send(connection, {"code": code})
        if pid in self._dropped and (name := self._dropped.pop(pid)) not in self._kept:
            records.forget(self.records, name)
        for kept in self._kept.values():
            if kept.identity and kept.identity.pid == pid:
                self._note_kept_end(kept, code)

    def _note_kept_end(self, kept: Kept, code: int) -> None:
        now = time.monotonic()
        if now - kept.started_at > STEADY_SECONDS:
            kept.pause_seconds = FIRST_PAUSE_SECONDS
        kept.identity, kept.exit_code, kept.restarts = None, code, kept.restarts + 1
        kept.start_at = now + kept.pause_seconds
        kept.pause_seconds = min(max(kept.pause_seconds, FIRST_PAUSE_SECONDS / 2) * 2, LONGEST_PAUSE_SECONDS)
        records.forget(self.records, kept.job.name)

    def _stop_all(self) -> None:
        """Stop the children by rank, the highest first, then whatever they left behind."""
        for rank in sorted({kept.job.rank for kept in self._kept.values()}, reverse=True):
            self._stop_these([k.identity for k in self._kept.values() if k.job.rank == rank and k.identity])
        self._stop_these([i for pid in self._once if (i := records.Identity.of(pid))])
        self._stop_these(living_descendants(os.getpid()))

    def _stop_these(self, identities: list[records.Identity]) -> None:
        """Ask them to end; whoever is still there at the deadline is killed with its workers."""
        for identity in identities:
            identity.signal(signal.SIGTERM)
        if not self._wait_for(identities, STOP_DEADLINE_SECONDS):
            for identity in identities:
                identity.kill()
            self._wait_for(identities, KILL_DEADLINE_SECONDS)

    def _wait_for(self, identities: list[records.Identity], seconds: float) -> bool:
        """Reap until all have ended; False when time is up first."""
        end = time.monotonic() + seconds
        while any(identity.lives() for identity in identities):
            if time.monotonic() > end:
                return False
            self._selector.select(LOOK_EVERY_SECONDS)
            self._reap()
        return True


def _start_anew(kept: Kept) -> None:
    """Have a child end, to be started again without a pause."""
    kept.pause_seconds = kept.start_at = 0.0
    if kept.identity:
        kept.identity.signal(signal.SIGTERM)


def _self_identity() -> records.Identity:
    identity = records.Identity.of(os.getpid())
    assert identity is not None
    return identity


def _send(connection: socket.socket, answer: dict[str, Any]) -> None:
    with contextlib.suppress(OSError), connection:
        connection.sendall(json.dumps(answer).encode() + b"\n")
