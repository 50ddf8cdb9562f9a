"""Looking at a rack from outside: its inventory, its consoles."""

import sys
import time
from pathlib import Path
from typing import Any

from lab.rack.bmc.documents import SYSTEMS
from lab.rack.errors import UnknownMachineError
from lab.rack.spec import RackSpec

FOLLOW_EVERY_S = 0.2


def inventory(spec: RackSpec, username: str, password: str) -> dict[str, Any]:
    """The rack for a cloud to enrol: see the README for the shape."""
    return {
        "rack": spec.name,
        "subnet": spec.subnet,
        "gateway": spec.gateway,
        "netns": spec.netns,
        "machines": [
            {
                "name": machine.name,
                "serial": machine.serial,
                "mac": machine.mac,
                "cpus": machine.nameplate.cpus,
                "memory_mb": machine.nameplate.memory_mb,
                "disk_gb": machine.nameplate.disk_gb,
                "bmc": {
                    "url": f"http://127.0.0.1:{machine.bmc_port}",
                    "system_path": f"{SYSTEMS}/{machine.system_id}",
                    "username": username,
                    "password": password,
                },
            }
            for machine in spec.machine_specs()
        ],
    }


def console(path: Path, follow: bool) -> None:
    """Print a console log, and go on with what comes if `follow`."""
    if not path.exists():
        raise UnknownMachineError(f"There is no console log {path}.")
    with path.open("rb") as log:
        while True:
            sys.stdout.buffer.write(log.read())
            sys.stdout.buffer.flush()
            if not follow:
                return
            time.sleep(FOLLOW_EVERY_S)
