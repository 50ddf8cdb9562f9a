"""Fills a cloud in bulk: nodes that have no machines, and stacks that stand on some of them."""

import asyncio
import logging
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

import msgspec

from lab.simcloud.clock import stamp
from lab.simcloud.cloud import Cloud
from lab.simcloud.errors import conflict
from lab.simcloud.heat.records import Stack, StackResource
from lab.simcloud.ironic.records import Node
from lab.simcloud.ironic.states import POWER_OFF, POWER_ON
from lab.simcloud.neutron.records import Port
from lab.simcloud.nova.builder import RUNNING
from lab.simcloud.nova.records import Server
from lab.simcloud.nova.servers import snapshot
from lab.simcloud.store import learn_sizes, new_id, transaction

log = logging.getLogger("simcloud.seed")

AT_ONCE = 500
TOLD_EVERY = 10_000
NODES_PER_RACK = 40
SUBNET = IPv4Network("10.128.0.0/9")
NETWORK = "seeded"
TEMPLATE: dict[str, Any] = {
    "heat_template_version": "2021-04-16",
    "description": "One server, as a seeded stack has it",
    "parameters": {"flavor": {"type": "string"}, "image": {"type": "string"}},
    "resources": {
        "port": {"type": "OS::Neutron::Port", "properties": {"network": NETWORK}},
        "server": {
            "type": "OS::Nova::Server",
            "properties": {
                "flavor": {"get_param": "flavor"},
                "image": {"get_param": "image"},
                "networks": [{"port": {"get_resource": "port"}}],
            },
        },
    },
    "outputs": {"address": {"value": {"get_attr": ["server", "first_address"]}}},
}


class Seed(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How much to add.

    nodes: free ones, `<prefix>-000000` and on, of driver `fake-hardware`, in racks of 40. stacks: in the project
    `admin`, each with one server on one more node and one port on the network `seeded`.
    """

    nodes: int = 0
    stacks: int = 0
    prefix: str = "seed"
    resource_class: str = "bm.general"
    flavor: str = "bm.general"
    image: str = "bm-image"

    def mistakes(self) -> Iterator[str]:
        """What is wrong with it, one sentence each."""
        if self.nodes < 0 or self.stacks < 0:
            yield "nodes, stacks: not below 0"
        if self.stacks > SUBNET.num_addresses - 20:
            yield f"stacks: at most as many as {SUBNET} has addresses"


class Seeder:
    """One filling. Each step of `run` is one transaction, so that the cloud answers in between."""

    def __init__(self, cloud: Cloud, seed: Seed) -> None:
        """Raises ApiError 409 if there are nodes of that prefix already."""
        self._cloud = cloud
        self._seed = seed
        self._moment = stamp()
        if cloud.nodes.table.first(name=self._name(0)):
            raise conflict(f"There is a node {self._name(0)} already: take another prefix.")
        project = cloud.identity.directory.projects.first(name="admin", domain_id="default")
        user = cloud.identity.directory.users.first(name="admin", domain_id="default")
        assert project is not None and user is not None
        self._project_id, self._user_id = project.id, user.id

    async def run(self) -> None:
        """Adds everything, and tells in the log how far it is."""
        total = self._seed.nodes + self._seed.stacks
        place = self._place() if self._seed.stacks else ("", "")
        for first in range(0, total, AT_ONCE):
            with transaction(self._cloud.database):
                for number in range(first, min(first + AT_ONCE, total)):
                    node = self._node(number)
                    if number < self._seed.stacks:
                        self._stand(number, node, *place)
                    self._cloud.nodes.table.add(node)
            if first % TOLD_EVERY == 0:
                log.info("seeding: %d of %d nodes", first, total)
            await asyncio.sleep(0)
        learn_sizes(self._cloud.database)

    def _name(self, number: int) -> str:
        return f"{self._seed.prefix}-{number:06d}"

    def _node(self, number: int) -> Node:
        rack, unit = divmod(number, NODES_PER_RACK)
        return Node(
            id=new_id(),
            name=self._name(number),
            resource_class=self._seed.resource_class,
            provision_state="available",
            power_state=POWER_OFF,
            properties={"cpus": 64, "memory_mb": 262144, "local_gb": 960, "cpu_arch": "x86_64"},
            extra={"rack": f"{self._seed.prefix}-r{rack:04d}", "unit": unit + 1},
            created_at=self._moment,
            updated_at=self._moment,
            provision_updated_at=self._moment,
        )

    def _place(self) -> tuple[str, str]:
        """The network of all seeded stacks, and its subnet."""
        networks = self._cloud.networks
        network = networks.networks.first(name=NETWORK, project_id=self._project_id)
        network = network or networks.create_network(self._project_id, name=NETWORK)
        subnet = networks.subnets.first(network_id=network.id)
        subnet = subnet or networks.create_subnet(self._project_id, network.id, str(SUBNET), name=NETWORK)
        return network.id, subnet.id

    def _stand(self, number: int, node: Node, network_id: str, subnet_id: str) -> None:
        """A stack with its server and port, on a node that is now its."""
        name, port_id, server_id = f"stack-{self._name(number)}", new_id(), new_id()
        address = str(SUBNET[number + 10])
        self._add_port(port_id, server_id, network_id, subnet_id, address)
        self._add_server(server_id, name, port_id, node)
        self._add_stack(name, {"port": port_id, "server": server_id})

    def _add_port(self, port_id: str, server_id: str, network_id: str, subnet_id: str, address: str) -> None:
        networks = self._cloud.networks
        networks.addresses.take(subnet_id, address, port_id)
        tail = int.from_bytes(bytes(int(part) for part in address.split(".")[1:]))
        port = Port(
            id=port_id,
            name="",
            project_id=self._project_id,
            network_id=network_id,
            mac_address="fa:16:3e:" + ":".join(f"{byte:02x}" for byte in tail.to_bytes(3)),
            fixed_ips=[{"subnet_id": subnet_id, "ip_address": address}],
            device_id=server_id,
            device_owner="compute:nova",
            created_at=self._moment,
            updated_at=self._moment,
        )
        networks.ports.add(port)

    def _add_server(self, server_id: str, name: str, port_id: str, node: Node) -> None:
        flavor = self._cloud.flavors.find(self._seed.flavor)
        image = self._cloud.images.table.first(name=self._seed.image)
        if flavor is None or image is None:
            raise conflict(f"There is no flavor {self._seed.flavor} or no image {self._seed.image}.")
        node.provision_state, node.power_state, node.instance_uuid = "active", POWER_ON, server_id
        node.lessee, node.driver_internal_info = self._project_id, {"automatic_lessee": True}
        node.vifs, node.instance_info = [port_id], {"display_name": name, "image_source": image.id}
        server = Server(
            id=server_id,
            name=name,
            hostname=name,
            project_id=self._project_id,
            user_id=self._user_id,
            flavor=snapshot(flavor),
            image_id=image.id,
            ports=[port_id],
            node_id=node.id,
            vm_state="active",
            task_state=None,
            power_state=RUNNING,
            created=self._moment,
            updated=self._moment,
            launched_at=self._moment,
        )
        self._cloud.servers.table.add(server)

    def _add_stack(self, name: str, physical: dict[str, str]) -> None:
        stacks = self._cloud.engine.stacks
        stack = Stack(
            id=new_id(),
            name=name,
            project_id=self._project_id,
            user_id=self._user_id,
            user_name="admin",
            roles=["admin", "manager", "member", "reader"],
            template=TEMPLATE,
            files={},
            parameters={"flavor": self._seed.flavor, "image": self._seed.image},
            status="COMPLETE",
            status_reason="Stack CREATE completed successfully",
            started=self._moment,
            created=self._moment,
        )
        stacks.table.add(stack)
        for resource, needed in (("port", []), ("server", ["port"])):
            row = StackResource(
                id=new_id(),
                stack_id=stack.id,
                name=resource,
                type=TEMPLATE["resources"][resource]["type"],
                physical_id=physical[resource],
                action="CREATE",
                status_reason="state changed",
                requires=list(needed),
                created=self._moment,
                updated=self._moment,
            )
            stacks.resources.add(row)
        stacks.record(stack, "Stack CREATE completed successfully")
