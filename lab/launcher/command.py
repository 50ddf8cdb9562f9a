"""The command `cloudpoint` as one person has it: with settings, and so a log-in, of their own."""

import os
import subprocess
import sys
from pathlib import Path

from lab.launcher.processes import ServerFailed
from lab.launcher.settings import REPOSITORY

COMMAND_DEADLINE_SECONDS = 60.0


class Command:
    """Runs `cloudpoint` with its settings in ``folder``. Every method raises ServerFailed when it fails or is late."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def show(self, *arguments: str, text: str = "", deadline_seconds: float = COMMAND_DEADLINE_SECONDS) -> None:
        """Run it on this terminal, after showing what is typed; ``text`` is its standard input."""
        print("$ cloudpoint", " ".join(arguments), flush=True)
        self._run(arguments, text, capture=False, deadline_seconds=deadline_seconds)

    def output(self, *arguments: str, text: str = "") -> str:
        """Run it and return what it printed."""
        return self._run(arguments, text, capture=True, deadline_seconds=COMMAND_DEADLINE_SECONDS).stdout

    def _run(
        self, arguments: tuple[str, ...], text: str, *, capture: bool, deadline_seconds: float
    ) -> "subprocess.CompletedProcess[str]":
        what = f"`cloudpoint {' '.join(arguments[:2])}`"
        paths = [str(REPOSITORY / "clients" / "cli"), os.environ.get("PYTHONPATH", "")]
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "CLOUDPOINT_CONFIG": str(self._folder)}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "cloudpoint", *arguments],
                input=text,
                stdout=subprocess.PIPE if capture else None,
                text=True,
                timeout=deadline_seconds,
                env={**os.environ, **environment},
            )
        except subprocess.TimeoutExpired as late:
            raise ServerFailed(f"{what} did not end in {deadline_seconds:.0f} s.") from late
        if done.returncode != 0:
            raise ServerFailed(f"{what} ended with exit code {done.returncode}.\n{done.stdout or ''}")
        return done
