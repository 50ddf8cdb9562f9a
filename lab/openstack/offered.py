"""Waits until Nova has told Placement of the machines, without which nothing can be ordered."""

import time
from typing import Any

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection

from lab.launcher.processes import ServerFailed
from lab.openstack.resources import CUSTOM_CLASS, FLAVOR

DEADLINE_SECONDS = 120.0
LOOK_EVERY_SECONDS = 0.5


def wait_offered(connection: Connection, machines: int) -> None:
    """Wait until that many machines are free or used by a server. Raises ServerFailed."""
    end = time.monotonic() + DEADLINE_SECONDS
    while (known := _providers(connection)) < machines or not _compute_is_up(connection):
        if time.monotonic() > end:
            raise ServerFailed(
                f"Nova offers {known} of {machines} machines as {FLAVOR} after {DEADLINE_SECONDS:.0f} s;"
                " the log of nova-compute says why."
            )
        time.sleep(LOOK_EVERY_SECONDS)


def _providers(connection: Connection) -> int:
    """How many resource providers have an inventory of the machines' class; none before Nova has made the class."""
    placement: Any = connection.placement
    try:
        found = placement.get("/resource_providers").json()["resource_providers"]
        return sum(_has_class(placement, provider["uuid"]) for provider in found)
    except ClientException:
        return 0


def _has_class(placement: Any, provider: str) -> bool:
    answer = placement.get(f"/resource_providers/{provider}/inventories")
    return CUSTOM_CLASS in answer.json().get("inventories", {})


def _compute_is_up(connection: Connection) -> bool:
    compute: Any = connection.compute
    return any(one.binary == "nova-compute" and one.state == "up" for one in compute.services())
