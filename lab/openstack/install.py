"""Installs what is missing: packages from Debian, and the services in a Python environment of their own."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from lab.launcher.processes import ServerFailed, tail
from lab.launcher.steps import Step
from lab.openstack.settings import LOCK, Settings

PACKAGES = Path(__file__).with_name("debian-packages.txt")
PACKAGES_DEADLINE_SECONDS = 600.0
ENVIRONMENT_DEADLINE_SECONDS = 900.0
PYTHON = "3.11"


class Installation:
    """What OpenStack's services run from."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._logs = settings.cache / "log"
        self._stamp = settings.environment / ".lock-hash"

    def steps(self) -> list[Step]:
        """Steps `packages` and `environment`, without those that have nothing to do."""
        steps = []
        if missing := missing_packages():
            sentence = f"Debian packages: {', '.join(missing)}"
            steps.append(Step("packages", sentence, lambda: self._install_packages(missing)))
        if not self._is_current():
            sentence = f"OpenStack's Python packages, from {LOCK.parent.name}/{LOCK.name}"
            steps.append(Step("environment", sentence, self._install_environment))
        return steps

    def _install_packages(self, names: list[str]) -> None:
        quiet = {"RUNLEVEL": "1", "DEBIAN_FRONTEND": "noninteractive"}
        self._run("openstack-apt", ["apt-get", "update", "-q"], PACKAGES_DEADLINE_SECONDS, quiet)
        install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", *names]
        self._run("openstack-apt", install, PACKAGES_DEADLINE_SECONDS, quiet)

    def _is_current(self) -> bool:
        return self._stamp.exists() and self._stamp.read_text() == _lock_hash()

    def _install_environment(self) -> None:
        uv, folder = _uv(self._settings.cache), self._settings.environment
        if not (folder / "bin" / "python").exists():
            make = ["venv", "--quiet", "--allow-existing", "--no-python-downloads", "--python", PYTHON, str(folder)]
            self._run("openstack-environment", [uv, *make], ENVIRONMENT_DEADLINE_SECONDS)
        sync = ["pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode"]
        python = str(folder / "bin" / "python")
        self._run("openstack-environment", [uv, *sync, "--python", python, str(LOCK)], ENVIRONMENT_DEADLINE_SECONDS)
        self._stamp.write_text(_lock_hash())

    def _run(self, name: str, command: list[str], deadline_seconds: float, more: dict[str, str] | None = None) -> None:
        """Run a command with its output in a log of the cache. Raises ServerFailed."""
        log = self._logs / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        with log.open("ab") as output:
            try:
                done = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=environment | (more or {}),
                    timeout=deadline_seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired as late:
                raise ServerFailed(f"{command[0]} did not end in {deadline_seconds:.0f} s:\n{tail(log)}") from late
        if done.returncode != 0:
            raise ServerFailed(f"{' '.join(command[:3])} failed; the end of {log}:\n{tail(log)}")


def missing_packages() -> list[str]:
    """The Debian packages of our list that are not installed."""
    lines = (line for line in PACKAGES.read_text().splitlines() if line and not line.startswith("#"))
    wanted = [line.split()[0] for line in lines]
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", *wanted],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    ).stdout
    installed = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if name not in installed]


def _lock_hash() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def _uv(cache: Path) -> str:
    """The package installer: on the path, or where `make setup` has put it. Raises ServerFailed."""
    found = shutil.which("uv") or shutil.which("uv", path=str(cache / "uv" / "bin"))
    if found is None:
        raise ServerFailed("There is no uv: `make setup` installs it.")
    return found
