"""OS::Nova::Server and OS::Nova::KeyPair."""

import base64
from typing import Any, ClassVar

from lab.simcloud.errors import ApiError
from lab.simcloud.heat.errors import ResourceFailure, ResourceInError
from lab.simcloud.heat.resources.lookups import find_flavor, find_network, find_port
from lab.simcloud.heat.resources.resource import Property, ResourceType, Work
from lab.simcloud.nova.records import Server
from lab.simcloud.nova.views import addresses, status_of
from lab.simcloud.store import new_id


class NovaServer(ResourceType):
    """A server on a bare-metal node."""

    name = "OS::Nova::Server"
    properties: ClassVar = {
        "name": Property(updatable=True),
        "flavor": Property(required=True, constraint="nova.flavor"),
        "image": Property(constraint="glance.image"),
        "key_name": Property(constraint="nova.keypair"),
        "networks": Property("list"),
        "user_data": Property("any"),
        "user_data_format": Property(default="HEAT_CFNTOOLS", allowed=("HEAT_CFNTOOLS", "RAW", "SOFTWARE_CONFIG")),
        "user_data_update_policy": Property(default="REPLACE", allowed=("REPLACE", "IGNORE"), updatable=True),
        "config_drive": Property("boolean"),
        "metadata": Property("map", updatable=True),
        "availability_zone": Property(),
        "security_groups": Property("list"),
        "tags": Property("list", updatable=True),
        "admin_pass": Property(updatable=True),
        "flavor_update_policy": Property(default="RESIZE", updatable=True),
        "image_update_policy": Property(default="REBUILD", updatable=True),
        "scheduler_hints": Property("map"),
        "diskConfig": Property(),
        "reservation_id": Property(),
    }
    attributes = ("name", "addresses", "networks", "first_address", "instance_name", "accessIPv4", "show", "tags")

    async def create(self, work: Work) -> None:
        """Asks Nova for the server and waits until it is ACTIVE; raises ResourceInError if it goes to ERROR."""
        servers = work.services.servers
        if work.record.physical_id is None:
            work.record.physical_id = new_id()
            work.save()
        server_id = work.record.physical_id
        if servers.table.get(server_id) is None:
            servers.create(work.caller, self._request(work), server_id)
        while (server := servers.table.get(server_id)) is not None:
            work.require_log_in()
            if server.vm_state == "error":
                fault = server.fault or {}
                reason = f"Message: {fault.get('message', 'Unknown')}, Code: {fault.get('code', 'Unknown')}"
                raise ResourceInError("ERROR", reason)
            if status_of(server) == "ACTIVE":
                return
            await servers.changed(server)
        raise ResourceFailure("NotFound", f"Instance {server_id} could not be found.")

    def _request(self, work: Work) -> dict[str, Any]:
        given = work.properties
        flavor = find_flavor(work.services, given["flavor"])
        image = work.services.images.find(given["image"], work.caller) if given.get("image") else None
        body: dict[str, Any] = {
            "name": given.get("name") or default_name(work),
            "flavorRef": flavor.id if flavor else given["flavor"],
            "imageRef": image.id if image else None,
            "networks": [self._network(work, item) for item in given.get("networks") or []] or None,
        }
        if given.get("user_data"):
            body["user_data"] = base64.b64encode(str(given["user_data"]).encode()).decode()
        for key in ("key_name", "metadata", "config_drive", "availability_zone", "tags"):
            if given.get(key) is not None:
                body[key] = given[key]
        return body

    @staticmethod
    def _network(work: Work, item: dict[str, Any]) -> dict[str, Any]:
        if item.get("port"):
            port = find_port(work.services, work.caller, str(item["port"]))
            return {"port": port.id if port else item["port"]}
        wanted = str(item.get("network") or item.get("uuid") or "")
        network = find_network(work.services, work.caller, wanted)
        asked = {"uuid": network.id if network else wanted}
        return asked | ({"fixed_ip": item["fixed_ip"]} if item.get("fixed_ip") else {})

    async def update(self, work: Work) -> None:
        """Name, metadata and tags change in place."""
        server = self._server(work)
        if server is None:
            raise ResourceFailure("NotFound", f"Instance {work.record.physical_id} could not be found.")
        server.name = work.properties.get("name") or server.name
        server.metadata = {str(k): str(v) for k, v in (work.properties.get("metadata") or {}).items()}
        server.tags = list(work.properties.get("tags") or [])
        work.services.servers.table.save(server)

    async def delete(self, work: Work) -> None:
        """Deletes the server and waits until Nova does not know it any more."""
        servers = work.services.servers
        server = self._server(work)
        if server is None:
            return
        try:
            servers.delete(server)
        except ApiError as error:
            raise ResourceFailure(error.kind, error.message) from error
        while (server := self._server(work)) is not None:
            work.require_log_in()
            if server.vm_state == "error" and server.task_state is None:
                fault = server.fault or {}
                message = f"Server {server.name} delete failed: ({fault.get('code')}) {fault.get('message')}"
                raise ResourceInError("ERROR", message)
            await servers.changed(server)

    def is_of_use(self, work: Work) -> bool:
        """A server that is no failure, whatever Heat missed of it."""
        server = self._server(work)
        return server is not None and status_of(server) != "ERROR"

    def prepare_for_replace(self, work: Work) -> None:
        """Detaches the ports of a server that is no failure (Nova has unbound those of a failed one)."""
        server = self._server(work)
        if server is not None and status_of(server) != "ERROR":
            work.services.servers.detach_ports(server)

    @staticmethod
    def _server(work: Work) -> Server | None:
        return work.services.servers.table.get(work.record.physical_id or "")

    def attribute(self, work: Work, name: str) -> Any:
        """Name and addresses."""
        server = self._server(work)
        if server is None:
            return None
        known = addresses(server, work.services.networks)
        plain = {network: [entry["addr"] for entry in entries] for network, entries in known.items()}
        if name == "addresses":
            return known
        if name == "networks":
            return plain
        if name == "first_address":
            return next((address for entries in plain.values() for address in entries), "")
        if name == "show":
            return {"id": server.id, "name": server.name, "status": status_of(server), "addresses": known}
        plain_values = {"name": server.name, "instance_name": f"instance-{server.id[:8]}", "tags": server.tags}
        return plain_values.get(name, "")


class NovaKeyPair(ResourceType):
    """A public key of the stack's owner."""

    name = "OS::Nova::KeyPair"
    properties: ClassVar = {
        "name": Property(required=True),
        "public_key": Property(),
        "save_private_key": Property("boolean", default=False),
        "type": Property(),
        "user": Property(),
    }
    attributes = ("public_key", "private_key")

    async def create(self, work: Work) -> None:
        """Stores or makes the key."""
        name = work.properties["name"]
        if work.record.physical_id and work.services.keypairs.table.get(self._key(work, name)):
            return
        _, private = work.services.keypairs.create(work.caller.user_id, name, work.properties.get("public_key"))
        if private and work.properties.get("save_private_key"):
            work.record.data["private_key"] = private
        work.record.physical_id = name
        work.save()

    @staticmethod
    def _key(work: Work, name: str) -> str:
        return f"{work.caller.user_id}/{name}"

    async def delete(self, work: Work) -> None:
        """Forgets the key."""
        if work.record.physical_id:
            work.services.keypairs.table.remove(self._key(work, work.record.physical_id))

    def attribute(self, work: Work, name: str) -> Any:
        """The public half; the private one if it was kept."""
        if name == "private_key":
            return work.record.data.get("private_key", "")
        pair = work.services.keypairs.table.get(self._key(work, work.record.physical_id or ""))
        return pair.public_key if pair else None


def default_name(work: Work) -> str:
    """The name of a thing that the template does not name: `stack-resource-<random>`."""
    return f"{work.stack.name}-{work.record.name}-{work.record.id.replace('-', '')[:12]}"
