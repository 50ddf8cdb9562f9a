"""What Neutron stores."""

from typing import Any

from lab.simcloud.store import Record


class Network(Record):
    """A layer-2 segment."""

    name: str
    project_id: str
    description: str = ""
    admin_state_up: bool = True
    shared: bool = False
    external: bool = False
    mtu: int = 1500
    network_type: str = "local"
    physical_network: str | None = None
    segmentation_id: int | None = None
    port_security_enabled: bool = True
    tags: list[str] = []
    created_at: str = ""
    updated_at: str = ""


class Subnet(Record):
    """Addresses on a network. `pools` are pairs of first and last address."""

    name: str
    project_id: str
    network_id: str
    cidr: str
    gateway_ip: str | None
    pools: list[tuple[str, str]]
    description: str = ""
    enable_dhcp: bool = True
    dns_nameservers: list[str] = []
    host_routes: list[dict[str, str]] = []
    tags: list[str] = []
    created_at: str = ""
    updated_at: str = ""


class FixedAddress(Record):
    """One address in use; its id is `subnet/address`, so that none is given twice."""

    subnet_id: str
    port_id: str
    address: str


class Port(Record):
    """An interface of a server on a network."""

    name: str
    project_id: str
    network_id: str
    mac_address: str
    fixed_ips: list[dict[str, str]]
    description: str = ""
    admin_state_up: bool = True
    status: str = "DOWN"
    device_id: str = ""
    device_owner: str = ""
    security_groups: list[str] = []
    allowed_address_pairs: list[dict[str, str]] = []
    port_security_enabled: bool = True
    dns_name: str = ""
    host_id: str = ""
    vnic_type: str = "normal"
    binding_profile: dict[str, Any] = {}
    tags: list[str] = []
    created_at: str = ""
    updated_at: str = ""


class SecurityGroup(Record):
    """A named set of rules. Nothing in the lab enforces them."""

    name: str
    project_id: str
    description: str = ""
    tags: list[str] = []
    created_at: str = ""
    updated_at: str = ""


class SecurityGroupRule(Record):
    """One rule of a group."""

    project_id: str
    security_group_id: str
    direction: str = "ingress"
    ethertype: str = "IPv4"
    protocol: str | None = None
    port_range_min: int | None = None
    port_range_max: int | None = None
    remote_ip_prefix: str | None = None
    remote_group_id: str | None = None
    description: str = ""
    created_at: str = ""
    updated_at: str = ""
