"""The racks, driven by their own command line: power on, inventory, power off, scrap."""

import json
import subprocess
import sys
from typing import Any

from lab.launcher.processes import ServerFailed
from lab.launcher.settings import APT_CACHE_PORT, REPOSITORY, Cloud, Settings

UP_DEADLINE_SECONDS = 120.0
DOWN_DEADLINE_SECONDS = 60.0


class Racks:
    """All racks of one platform."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def up(self, cloud: Cloud) -> None:
        """Power a rack unless it is; machines that were on come on again. Raises ServerFailed."""
        if self._is_up(cloud):
            return
        self._run(
            *("up", "--name", cloud.name, "--machines", str(self._settings.machines), "--subnet", cloud.subnet),
            *("--bmc-port", str(cloud.bmc_port)),
            *("--apt-proxy-port", str(APT_CACHE_PORT + self._settings.port_shift)),
            deadline_seconds=UP_DEADLINE_SECONDS,
        )

    def inventory(self, cloud: Cloud) -> dict[str, Any]:
        """What a cloud needs to enrol a rack's machines, log-ins of their BMCs included."""
        found: dict[str, Any] = json.loads(self._run("inventory", "--name", cloud.name, "-o", "json"))
        return found

    def down(self) -> None:
        """Cut the power of every rack; disks and which machines were on are remembered."""
        self._run("down", "--all", deadline_seconds=DOWN_DEADLINE_SECONDS)

    def destroy(self) -> None:
        """Scrap every rack with its disks."""
        self._run("destroy", "--all", deadline_seconds=DOWN_DEADLINE_SECONDS)

    def _is_up(self, cloud: Cloud) -> bool:
        try:
            self._run("list", "--name", cloud.name)
        except ServerFailed:
            return False
        return True

    def _run(self, *arguments: str, deadline_seconds: float = 20.0) -> str:
        folders = ["--state", str(self._settings.state), "--cache", str(self._settings.cache)]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "lab.rack", *folders, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                cwd=REPOSITORY,
                timeout=deadline_seconds,
            )
        except subprocess.TimeoutExpired as late:
            raise ServerFailed(f"`lab.rack {arguments[0]}` did not end in {deadline_seconds:.0f} s.") from late
        if done.returncode != 0:
            raise ServerFailed(f"`lab.rack {arguments[0]}` failed: {done.stderr.strip()[-2000:]}")
        return done.stdout
