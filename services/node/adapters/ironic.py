"""Ironic by openstacksdk: one object for all clouds, each call in a bounded thread."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import openstack
from keystoneauth1.exceptions import ClientException
from keystoneauth1.session import Session
from openstack import exceptions as sdk_errors
from openstack.connection import Connection

from services.chassis.cloud import CloudAccess, CloudFailure, CloudThreads
from services.chassis.errors import NotFound
from services.contracts.node import Node
from services.node.config import CloudSettings
from services.node.exceptions import NodeLocked

_FIELDS = (
    "uuid",
    "name",
    "resource_class",
    "provision_state",
    "power_state",
    "maintenance",
    "maintenance_reason",
    "last_error",
    "instance_uuid",
    "properties",
    "traits",
)
# The oldest that tells traits (Queens).
_MICROVERSION = "1.37"
# The oldest that keeps a history of errors (Yoga); it is asked for only of nodes that failed between two looks.
_HISTORY_MICROVERSION = "1.78"
_OLD_SECONDS = 120.0
_LIST_SECONDS = 60.0
_CHANGE_SECONDS = 60.0
POWER_TARGETS = {"on": "power on", "off": "power off", "soft-off": "soft power off", "reboot": "rebooting"}


class Ironic:
    """The bare-metal service of each configured cloud."""

    def __init__(self, threads: CloudThreads, clouds: dict[str, CloudSettings]) -> None:
        self._threads = threads
        self._access = {cloud_id: settings.access() for cloud_id, settings in clouds.items()}

    async def nodes(self, cloud_id: str) -> list[Node]:
        """Return all nodes of a cloud as Ironic sees them now (ids are ours only once they are stored)."""
        found: list[Node] = await self._call(cloud_id, _LIST_SECONDS, read_nodes, cloud_id)
        return found

    async def set_power(self, cloud_id: str, cloud_node_id: str, target: str) -> None:
        """Ask for a power state (a key of POWER_TARGETS); returns when Ironic has accepted it."""
        await self._call(cloud_id, _CHANGE_SECONDS, _set_power, cloud_node_id, POWER_TARGETS[target])

    async def set_maintenance(self, cloud_id: str, cloud_node_id: str, reason: str | None) -> None:
        """Take a node into maintenance with a reason, or out of it with None."""
        await self._call(cloud_id, _CHANGE_SECONDS, _set_maintenance, cloud_node_id, reason)

    async def newest_errors(self, cloud_id: str, cloud_node_ids: Sequence[str]) -> dict[str, str]:
        """Return the newest error in each node's history that is not older than its state; none of an old Ironic."""
        found: dict[str, str] = await self._call(cloud_id, _LIST_SECONDS, _newest_errors, cloud_node_ids)
        return found

    async def tear_down(self, cloud_id: str, cloud_node_id: str) -> None:
        """Have a node taken out of service and made available again; returns when Ironic has accepted it."""
        await self._call(cloud_id, _CHANGE_SECONDS, _tear_down, cloud_node_id)

    async def _call(self, cloud_id: str, seconds: float, call: Callable[..., Any], *arguments: Any) -> Any:
        connection = self._threads.client(self._access[cloud_id], "ironic", _connection)
        try:
            return await self._threads.run(seconds, call, connection, *arguments)
        except sdk_errors.ConflictException as error:
            raise NodeLocked(f"Ironic says: {error}") from error
        except sdk_errors.NotFoundException as error:
            raise NotFound(cloud_id=cloud_id, words=str(error)) from error
        except (sdk_errors.SDKException, ClientException, OSError) as error:
            raise CloudFailure(f"Ironic of cloud {cloud_id} says: {error}") from error


def _connection(session: Session, access: CloudAccess) -> Connection:
    return openstack.connection.Connection(
        session=session, region_name=access.region, baremetal_interface=access.interface
    )


def read_nodes(connection: Connection, cloud_id: str) -> list[Node]:
    """Return all nodes of a cloud as Ironic sees them now; waits for it, so call it in a thread."""
    now = datetime.now(UTC)
    return [_node(cloud_id, item, now) for item in _items(connection)]


def _items(connection: Connection) -> Iterator[dict[str, Any]]:
    """Yield all nodes as Ironic's JSON, page by page.

    Making the SDK's objects of them takes many times the CPU of everything else.
    """
    marker = ""
    while True:
        path = f"/nodes?fields={','.join(_FIELDS)}{marker}"
        answer = connection.baremetal.get(path, microversion=_MICROVERSION)
        sdk_errors.raise_from_response(answer)
        page = msgspec.json.decode(answer.content)
        yield from page["nodes"]
        if not page.get("next") or not page["nodes"]:
            return
        marker = f"&marker={page['nodes'][-1]['uuid']}"


def _set_power(connection: Connection, node_id: str, target: str) -> None:
    connection.baremetal.set_node_power_state(node_id, target)


def _set_maintenance(connection: Connection, node_id: str, reason: str | None) -> None:
    if reason is None:
        connection.baremetal.unset_node_maintenance(node_id)
    else:
        connection.baremetal.set_node_maintenance(node_id, reason)


def _newest_errors(connection: Connection, node_ids: Sequence[str]) -> dict[str, str]:
    errors = {node_id: _newest_error(connection, node_id) for node_id in node_ids}
    return {node_id: error for node_id, error in errors.items() if error}


def _newest_error(connection: Connection, node_id: str) -> str | None:
    """Return a node's newest error, if it came not long before the node turned to the state it is in."""
    answers = [
        connection.baremetal.get(f"/nodes/{node_id}{path}", microversion=_HISTORY_MICROVERSION)
        for path in ("?fields=provision_updated_at", "/history")
    ]
    if not all(answer.ok for answer in answers):
        return None
    node, history = (answer.json() for answer in answers)
    errors = [item for item in history["history"] if item["severity"] == "ERROR" and not _sums_up(item["event"])]
    if not errors or not node["provision_updated_at"]:
        return None
    # Of several within a second Ironic lists the last one last.
    newest = sorted(errors, key=lambda item: str(item["created_at"]))[-1]
    age = datetime.fromisoformat(node["provision_updated_at"]) - datetime.fromisoformat(newest["created_at"])
    return str(newest["event"]) if age.total_seconds() < _OLD_SECONDS else None


def _sums_up(event: str) -> bool:
    """Tell whether an entry only says that a deploy has ended, after the one that says why."""
    return event.startswith("Deployment aborted")


def _tear_down(connection: Connection, node_id: str) -> None:
    connection.baremetal.set_node_provision_state(node_id, "deleted")


def _node(cloud_id: str, item: dict[str, Any], now: datetime) -> Node:
    return Node(
        id="",
        cloud_id=cloud_id,
        cloud_node_id=item["uuid"],
        name=item["name"] or item["uuid"],
        resource_class=item["resource_class"] or "",
        state=item["provision_state"] or "available",
        power=item["power_state"],
        maintenance=bool(item["maintenance"]),
        maintenance_reason=item["maintenance_reason"],
        last_error=item["last_error"],
        instance_id=item["instance_uuid"],
        properties=item["properties"] or {},
        traits=item["traits"] or [],
        seen_at=now,
    )
