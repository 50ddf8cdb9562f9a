"""Servers: what a request for one must hold, and what may be done with one."""

import base64
import re
import secrets
import sqlite3
from typing import Any

from lab.simcloud.caller import Caller
from lab.simcloud.clock import stamp
from lab.simcloud.errors import bad_request, conflict, forbidden, not_found
from lab.simcloud.glance.images import Images
from lab.simcloud.ironic.conductor import Conductor
from lab.simcloud.ironic.nodes import Nodes
from lab.simcloud.ironic.states import POWER_OFF, POWER_ON, REBOOT, SOFT_OFF, SOFT_REBOOT
from lab.simcloud.neutron.networks import Networks
from lab.simcloud.neutron.records import Port
from lab.simcloud.nova.builder import Builder
from lab.simcloud.nova.flavors import Flavors, Keypairs
from lab.simcloud.nova.records import Flavor, Server
from lab.simcloud.store import Table, new_id

SERVER_INDEXES = ("name", "project_id", "user_id", "vm_state", "task_state", "node_id")
MOST_USER_DATA_CHARACTERS = 65535
ZONE = "nova"


def servers_table(database: sqlite3.Connection) -> Table[Server]:
    """The table of all servers."""
    return Table(database, "servers", Server, SERVER_INDEXES)


class Servers:
    """Everything that Nova's API does with servers."""

    def __init__(
        self,
        table: Table[Server],
        builder: Builder,
        flavors: Flavors,
        keypairs: Keypairs,
        images: Images,
        networks: Networks,
        nodes: Nodes,
        conductor: Conductor,
    ) -> None:
        self.table = table
        self._builder = builder
        self._flavors = flavors
        self._keypairs = keypairs
        self._images = images
        self._networks = networks
        self._nodes = nodes
        self._conductor = conductor

    def get(self, server_id: str, caller: Caller) -> Server:
        """The server, or Nova's 404; administrators see those of all projects."""
        server = self.table.get(server_id)
        if server is None or not (caller.is_admin or server.project_id == caller.project_id):
            raise not_found(f"Instance {server_id} could not be found.")
        return server

    def create(self, caller: Caller, body: dict[str, Any], server_id: str | None = None) -> Server:
        """Accepts a request for a server and begins to build it. 400, 403 or 409 say what is wrong with it."""
        name = str(body.get("name") or "").strip()
        if not name:
            raise bad_request("Invalid input for field/attribute name. Value: . '' should be non-empty")
        zone = str(body.get("availability_zone") or "").partition(":")[0]
        if zone not in ("", ZONE):
            raise bad_request("The requested availability zone is not available")
        flavor = self._flavor(str(body.get("flavorRef")))
        image_id = self._image(caller, body.get("imageRef"))
        user_data = _checked_user_data(body.get("user_data"))
        key_name, public_key = self._key(caller, body.get("key_name"))
        moment = stamp()
        server = Server(
            id=server_id or new_id(),
            name=name,
            project_id=str(caller.project_id),
            user_id=caller.user_id,
            flavor=snapshot(flavor),
            image_id=image_id,
            hostname=str(body.get("hostname") or host_name(name)),
            key_name=key_name,
            public_key=public_key,
            metadata={str(k): str(v) for k, v in (body.get("metadata") or {}).items()},
            user_data=user_data,
            config_drive=str(body.get("config_drive", "")).lower() in ("true", "1", "yes", "on"),
            wanted_node=_pinned_node(caller, body),
            description=body.get("description"),
            tags=list(body.get("tags") or []),
            availability_zone=zone,
            created=moment,
            updated=moment,
            random_seed=base64.b64encode(secrets.token_bytes(512)).decode(),
        )
        self._bind_ports(caller, server, body.get("networks"))
        self.table.add(server)
        self._builder.start(server.id)
        return server

    def _flavor(self, reference: str) -> Flavor:
        flavor = self._flavors.table.get(reference.rsplit("/", 1)[-1])
        if flavor is None:
            raise bad_request(f"Flavor {reference} could not be found.")
        return flavor

    def _image(self, caller: Caller, reference: Any) -> str | None:
        if not reference:
            raise bad_request("Invalid imageRef provided.")
        image = self._images.table.get(str(reference).rsplit("/", 1)[-1])
        if image is None or not self._images.visible(image, caller):
            raise bad_request("Can not find requested image")
        if image.status != "active":
            raise bad_request(f"Image {image.id} is not active.")
        return image.id

    def _key(self, caller: Caller, name: Any) -> tuple[str | None, str | None]:
        if not name:
            return None, None
        pair = self._keypairs.table.get(f"{caller.user_id}/{name}")
        if pair is None:
            raise bad_request("Invalid key_name provided.")
        return pair.name, pair.public_key

    def _bind_ports(self, caller: Caller, server: Server, asked: Any) -> None:
        wanted = self._wanted_networks(caller, asked)
        ports = [self._existing_port(caller, item) if item.get("port") else None for item in wanted]
        for item, port in zip(wanted, ports, strict=True):
            if port is None:
                port = self._new_port(caller, server, item)
                server.own_ports.append(port.id)
            port.device_id, port.device_owner = server.id, "compute:nova"
            self._networks.ports.save(port)
            server.ports.append(port.id)

    def _wanted_networks(self, caller: Caller, asked: Any) -> list[dict[str, Any]]:
        if asked == "none":
            return []
        if isinstance(asked, list) and asked:
            return asked
        networks = [n for n in self._networks.networks.find() if self._networks.visible(n, caller)]
        if len(networks) > 1:
            raise conflict("Multiple possible networks found, use a Network ID to be more specific.")
        return [{"uuid": network.id} for network in networks]

    def _existing_port(self, caller: Caller, item: dict[str, Any]) -> Port:
        port = self._networks.ports.get(str(item["port"]))
        if port is None or not (caller.is_admin or port.project_id == caller.project_id):
            raise bad_request(f"Port id {item['port']} could not be found.")
        if port.device_id:
            raise conflict(f"Port {port.id} is still in use.")
        return port

    def _new_port(self, caller: Caller, server: Server, item: dict[str, Any]) -> Port:
        network = self._networks.networks.get(str(item.get("uuid")))
        if network is None or not self._networks.visible(network, caller):
            raise bad_request(f"Network {item.get('uuid')} could not be found.")
        fixed = [{"ip_address": item["fixed_ip"]}] if item.get("fixed_ip") else []
        group = self._networks.default_group(server.project_id).id
        return self._networks.create_port(server.project_id, network.id, fixed, security_groups=[group])

    async def changed(self, server: Server) -> None:
        """Waits until a server is another than this, or is gone."""
        if self.table.get(server.id) == server:
            await self._builder.changed(server.id)

    def detach_ports(self, server: Server) -> None:
        """Takes all ports from a server; those that it made itself are gone."""
        self._builder.detach_ports(server.id)

    def delete(self, server: Server) -> None:
        """Begins to delete; again is fine."""
        if server.locked:
            raise conflict(f"Instance {server.id} is locked")
        if server.task_state != "deleting":
            self._builder.start_delete(server.id)

    def power(self, server: Server, action: str, soft: bool = False) -> None:
        """start, stop or reboot; 409 if the server's state does not allow it."""
        allowed = {"start": ("stopped", "error"), "stop": ("active", "error"), "reboot": ("active", "stopped")}
        if server.vm_state not in allowed[action] or server.node_id is None:
            raise conflict(f"Cannot '{action}' instance {server.id} while it is in vm_state {server.vm_state}")
        if server.task_state:
            raise conflict(f"Cannot '{action}' instance {server.id} while it is in task_state {server.task_state}")
        target = {
            "start": POWER_ON,
            "stop": SOFT_OFF if soft else POWER_OFF,
            "reboot": SOFT_REBOOT if soft else REBOOT,
        }[action]
        self._conductor.start_power(self._nodes.read(server.node_id), target)


def host_name(name: str) -> str:
    """A host name out of a server's name, as Nova sanitises it."""
    text = re.sub(r"[ _.]", "-", name.encode("ascii", "ignore").decode()).lower()
    return re.sub(r"[^a-z0-9-]", "", text).strip("-")[:63] or "server"


def _checked_user_data(text: Any) -> str | None:
    if not text:
        return None
    if len(str(text)) > MOST_USER_DATA_CHARACTERS:
        raise bad_request(f"Invalid input for field/attribute user_data. Value: '{str(text)[:40]}…' is too long")
    try:
        base64.b64decode(str(text), validate=True)
    except ValueError as error:
        raise bad_request("Userdata content must be base64 encoded.") from error
    return str(text)


def _pinned_node(caller: Caller, body: dict[str, Any]) -> str | None:
    zone = str(body.get("availability_zone") or "").split(":")
    node = body.get("hypervisor_hostname") or (zone[-1] if len(zone) > 1 else None)
    if node and not caller.is_admin:
        rule = "compute:servers:create:requested_destination"
        if not body.get("hypervisor_hostname"):
            rule = "os_compute_api:servers:create:forced_host"
        raise forbidden(f"Policy doesn't allow {rule} to be performed.")
    return str(node) if node else None


def snapshot(flavor: Flavor) -> dict[str, Any]:
    """What a server keeps of its flavor."""
    return {
        "id": flavor.id,
        "original_name": flavor.name,
        "ram": flavor.ram,
        "vcpus": flavor.vcpus,
        "disk": flavor.disk,
        "ephemeral": flavor.ephemeral,
        "swap": flavor.swap,
        "extra_specs": dict(flavor.extra_specs),
    }
