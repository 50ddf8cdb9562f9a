"""What the checks of a cloud read of Nova, Neutron, Glance and Placement, by a log-in of their own."""

from collections.abc import Callable
from typing import Any

from keystoneauth1.exceptions import EndpointNotFound
from keystoneauth1.session import Session
from openstack.connection import Connection
from openstack.exceptions import BadRequestException, NotFoundException, ServiceDisabledException

from services.chassis.cloud import CloudAccess, CloudThreads
from services.cluster.adapters.heat import probe as heat
from services.cluster.domain.cloud_facts import Flavor, Image, Network, Pool, Quota

_THREADS = 4
# Longer than a check may take: it ends first, and says so.
_CALL_SECONDS = 60.0
_ALL_PORTS = 10_000


class CloudProbe:
    """One look at one cloud as one of its users; ``close`` ends it."""

    def __init__(self, access: CloudAccess) -> None:
        self._access = access
        self._threads = CloudThreads(_THREADS)

    def close(self) -> None:
        """Let go of threads and log-in."""
        self._threads.close()

    async def roles(self) -> tuple[str, ...]:
        """Log in; returns the roles that come with it."""
        roles: tuple[str, ...] = await self._run(_roles)
        return roles

    async def reach_heat(self) -> None:
        """Ask Heat for anything at all."""
        await self._run(heat.reach, self._access)

    async def refusal_of_batch(self, *, machines: int, image: str, flavor: str, network: str) -> heat.Refusal | None:
        """Return why Heat would refuse a batch of so many machines, if it would."""
        refusal: heat.Refusal | None = await self._run(
            heat.refusal_of_batch, self._access, machines=machines, image=image, flavor=flavor, network=network
        )
        return refusal

    async def flavors(self) -> list[Flavor]:
        """Return all flavors that the user sees, with their extra specs."""
        flavors: list[Flavor] = await self._ask(_flavors)
        return flavors

    async def images(self, named: str) -> list[Image]:
        """Return the images that the user sees under a name or id."""
        images: list[Image] = await self._ask(_images, named)
        return images

    async def networks(self, named: str) -> list[Network]:
        """Return the networks that the user sees under a name or id, with the pools of their IPv4 subnets."""
        networks: list[Network] = await self._ask(_networks, named)
        return networks

    async def addresses_in_use(self, network_id: str) -> list[str]:
        """Return the addresses of all ports of a network that the user sees: an administrator sees all."""
        addresses: list[str] = await self._ask(_addresses, network_id)
        return addresses

    async def compute_quotas(self) -> dict[str, Quota]:
        """Return the project's limits of ``instances``, ``cores`` and ``ram`` (MiB)."""
        quotas: dict[str, Quota] = await self._ask(_compute_quotas)
        return quotas

    async def port_quota(self) -> Quota:
        """Return the project's limit of ports."""
        quota: Quota = await self._ask(_port_quota)
        return quota

    async def compute_services(self) -> dict[str, str]:
        """Return the state of each ``nova-compute``, by host: ``up``, ``down`` or ``disabled``."""
        services: dict[str, str] = await self._ask(_compute_services)
        return services

    async def offered(self, classes: list[str]) -> dict[str, int | None]:
        """Return how many providers could give each resource class now; None for one that Placement does not know."""
        offered: dict[str, int | None] = await self._ask(_offered, classes)
        return offered

    async def _ask(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return await self._run(lambda _session: call(self._connection(), *arguments))

    async def _run(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return await self._threads.run(_CALL_SECONDS, self._with_session, call, *arguments, **named)

    def _with_session(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        try:
            return call(self._threads.session(self._access), *arguments, **named)
        except ServiceDisabledException as error:
            raise EndpointNotFound(str(error)) from error

    def _connection(self) -> Connection:
        return self._threads.client(self._access, "cloud-probe", connect)


def connect(session: Session, access: CloudAccess) -> Connection:
    """Return openstacksdk's client for this session."""
    return Connection(session=session, region_name=access.region, interface=access.interface)


def _roles(session: Session) -> tuple[str, ...]:
    auth: Any = session.auth
    return tuple(auth.get_access(session).role_names)


def _flavors(connection: Connection) -> list[Flavor]:
    found = connection.compute.flavors(get_extra_specs=True)
    return [Flavor(item.id, item.name, item.vcpus, item.ram, dict(item.extra_specs or {})) for item in found]


def _images(connection: Connection, named: str) -> list[Image]:
    found = list(connection.image.images(name=named)) or _by_id(connection.image.get_image, named)
    return [
        Image(
            id=item.id,
            status=item.status,
            disk_format=item.disk_format,
            container_format=item.container_format,
            properties={key: str(value) for key, value in _image_properties(item).items()},
        )
        for item in found
    ]


def _by_id(get: Callable[[str], Any], wanted: str) -> list[Any]:
    try:
        return [get(wanted)]
    except NotFoundException:
        return []


def _image_properties(item: Any) -> dict[str, Any]:
    """Return what of an image concerns Ironic: the SDK has names of its own for two, and keeps the rest apart."""
    known = {"kernel_id": item.kernel_id, "ramdisk_id": item.ramdisk_id}
    return {**(item.properties or {}), **{key: value for key, value in known.items() if value}}


def _networks(connection: Connection, named: str) -> list[Network]:
    found = list(connection.network.networks(name=named)) or _by_id(connection.network.get_network, named)
    return [Network(item.id, item.status, bool(item.is_admin_state_up), _pools(connection, item.id)) for item in found]


def _pools(connection: Connection, network_id: str) -> tuple[Pool, ...]:
    subnets = connection.network.subnets(network_id=network_id, ip_version=4)
    return tuple(Pool(pool["start"], pool["end"]) for subnet in subnets for pool in subnet.allocation_pools)


def _addresses(connection: Connection, network_id: str) -> list[str]:
    ports = connection.network.ports(network_id=network_id, limit=_ALL_PORTS)
    return [fixed["ip_address"] for port in ports for fixed in port.fixed_ips]


def _compute_quotas(connection: Connection) -> dict[str, Quota]:
    limits: Any = connection.compute.get_limits().absolute
    return {
        "instances": Quota(limits.instances, limits.instances_used),
        "cores": Quota(limits.total_cores, limits.total_cores_used),
        "ram": Quota(limits.total_ram, limits.total_ram_used),
    }


def _port_quota(connection: Connection) -> Quota:
    project_id: str = connection.current_project_id or ""
    ports: Any = connection.network.get_quota(project_id, details=True).ports
    return Quota(int(ports["limit"]), int(ports["used"]))


def _compute_services(connection: Connection) -> dict[str, str]:
    found = connection.compute.services(binary="nova-compute")
    return {item.host: item.state if item.status == "enabled" else "disabled" for item in found}


def _offered(connection: Connection, classes: list[str]) -> dict[str, int | None]:
    return {name: _providers(connection, name) for name in classes}


def _providers(connection: Connection, resource_class: str) -> int | None:
    try:
        return len(list(connection.placement.resource_providers(resources=f"{resource_class}:1")))
    except BadRequestException:
        return None
