"""Asks the supervisor to run, keep and stop jobs; starts it when it is not there."""

import json
import os
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from lab.launcher import records
from lab.launcher.job import Job
from lab.launcher.processes import ServerFailed, tail, wait_until
from lab.launcher.readiness import wait_ready
from lab.launcher.supervisor import NAME, SOCKET, STOP_DEADLINE_SECONDS

START_DEADLINE_SECONDS = 60.0
ANSWER_DEADLINE_SECONDS = 10.0
HOPELESS_RESTARTS = 4
# It stops its jobs rank by rank, each with the deadline of a job.
ALL_STOPPED_DEADLINE_SECONDS = 6 * STOP_DEADLINE_SECONDS


class SupervisorClient:
    """The supervisor of one state folder; a ``cold`` one imports nothing for its children, who run other programs."""

    def __init__(self, state: Path, *, cold: bool = False) -> None:
        self._state = state.absolute()
        self._options = ("--cold",) if cold else ()
        self._records = self._state / "run"
        self._log = self._state / "log" / f"{NAME}.log"

    def running(self) -> bool:
        """Say whether the supervisor runs."""
        return (identity := records.read(self._records, NAME)) is not None and identity.lives()

    def start(self) -> None:
        """Start it in a session of its own and wait until it has warmed up. Raises ServerFailed."""
        if self.running():
            return
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._records.mkdir(parents=True, exist_ok=True)
        temporary = self._state / "tmp"
        temporary.mkdir(exist_ok=True, mode=0o700)
        with self._log.open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "lab.launcher.supervise", str(self._state), *self._options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).resolve().parents[2],
                start_new_session=True,
                env={**os.environ, "TMPDIR": str(temporary)},
            )
        wait_until(lambda: self.running() or child.poll() is not None, START_DEADLINE_SECONDS)
        if not self.running():
            raise ServerFailed(f"The supervisor did not start in {START_DEADLINE_SECONDS:.0f} s:\n{tail(self._log)}")

    def run(self, job: Job, deadline_seconds: float) -> None:
        """Run a job to its end. Raises ServerFailed with the end of its log when it fails or is late."""
        try:
            answer = self._ask({"do": "run", "job": job.to_json()}, deadline_seconds)
        except TimeoutError as late:
            raise ServerFailed(f"{job.name} did not end in {deadline_seconds:.0f} s:\n{tail(Path(job.log))}") from late
        if answer["code"] != 0:
            raise ServerFailed(f"{job.name} failed with exit code {answer['code']}:\n{tail(Path(job.log))}")

    def keep(self, job: Job) -> None:
        """Start a job and have it started again whenever it ends."""
        self._ask({"do": "keep", "job": job.to_json()})

    def restart(self, name: str) -> None:
        """Stop a kept job and start it again with the code as it is now. Raises ServerFailed if there is none."""
        self._ask({"do": "restart", "name": name})

    def drop(self, name: str) -> None:
        """Ask a kept job to end and keep it no longer. Raises ServerFailed if there is none."""
        self._ask({"do": "drop", "name": name})

    def kept(self) -> list[dict[str, Any]]:
        """What is kept running, with pid, restarts, last exit code and age in seconds."""
        answer: list[dict[str, Any]] = self._ask({"do": "status"})["kept"]
        return answer

    def wait_ready(self, name: str, door: tuple[int, str], deadline_seconds: float) -> None:
        """Wait until a kept job answers at its door (port and path). Raises ServerFailed with the end of its log."""
        begun = self._kept_one(name)["restarts"]
        try:
            wait_ready(name, door, deadline_seconds, partial(self._hopeless, name, begun))
        except ServerFailed as late:
            log = self._state / "log" / f"{name}.log"
            raise ServerFailed(f"{late}\nThe end of {log}:\n{tail(log)}") from late

    def _hopeless(self, name: str, restarts_before: int) -> str:
        kept = self._kept_one(name)
        if (ended := kept["restarts"] - restarts_before) < HOPELESS_RESTARTS:
            return ""
        return f"ended {ended} times, the last time with exit code {kept['exit_code']}."

    def _kept_one(self, name: str) -> dict[str, Any]:
        nothing = {"restarts": 0, "exit_code": None}
        return next((one for one in self.kept() if one["name"] == name), nothing)

    def stop(self) -> None:
        """Stop all jobs and the supervisor; also ends what a killed supervisor left. Raises ServerFailed."""
        identity = records.read(self._records, NAME)
        if identity is not None and identity.lives():
            self._ask({"do": "stop"})
            if not wait_until(lambda: not identity.lives(), ALL_STOPPED_DEADLINE_SECONDS):
                raise ServerFailed(
                    f"The supervisor (pid {identity.pid}) did not stop in {ALL_STOPPED_DEADLINE_SECONDS:.0f} s:\n"
                    f"{tail(self._log)}"
                )
        records.end_leftovers(self._records, STOP_DEADLINE_SECONDS)

    def _ask(self, request: dict[str, Any], deadline_seconds: float = ANSWER_DEADLINE_SECONDS) -> dict[str, Any]:
        try:
            line = self._exchange(json.dumps(request).encode() + b"\n", deadline_seconds)
        except (FileNotFoundError, ConnectionError) as error:
            raise ServerFailed(f"The supervisor does not answer ({error}); its log is {self._log}.") from error
        if not line:
            raise ServerFailed(f"The supervisor ended before it answered:\n{tail(self._log)}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ServerFailed(f"The supervisor refused {request['do']!r}: {answer['error']}")
        return answer

    def _exchange(self, line: bytes, deadline_seconds: float) -> bytes:
        folder = os.open(self._records, os.O_DIRECTORY)
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(deadline_seconds)
                connection.connect(f"/proc/self/fd/{folder}/{SOCKET}")
                connection.sendall(line)
                return connection.makefile("rb").readline()
        finally:
            os.close(folder)
