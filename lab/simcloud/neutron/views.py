"""Neutron's records as its API shows them."""

from typing import Any

from lab.simcloud.neutron.networks import Networks
from lab.simcloud.neutron.records import Network, Port, SecurityGroup, SecurityGroupRule, Subnet


def _owned(project_id: str) -> dict[str, Any]:
    return {"project_id": project_id, "tenant_id": project_id}


def show_network(networks: Networks, network: Network, admin: bool) -> dict[str, Any]:
    """GET /v2.0/networks/{id}; administrators also see the provider's side."""
    shown = _owned(network.project_id) | {
        "id": network.id,
        "name": network.name,
        "description": network.description,
        "admin_state_up": network.admin_state_up,
        "status": "ACTIVE",
        "shared": network.shared,
        "router:external": network.external,
        "mtu": network.mtu,
        "subnets": [subnet.id for subnet in networks.subnets.find(network_id=network.id)],
        "port_security_enabled": network.port_security_enabled,
        "vlan_transparent": False,
        "qinq": False,
        "availability_zones": [],
        "availability_zone_hints": [],
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "tags": network.tags,
        "created_at": network.created_at,
        "updated_at": network.updated_at,
        "revision_number": 1,
    }
    provider = {
        "provider:network_type": network.network_type,
        "provider:physical_network": network.physical_network,
        "provider:segmentation_id": network.segmentation_id,
    }
    return shown | (provider if admin else {})


def show_subnet(subnet: Subnet) -> dict[str, Any]:
    """GET /v2.0/subnets/{id}"""
    return _owned(subnet.project_id) | {
        "id": subnet.id,
        "name": subnet.name,
        "description": subnet.description,
        "network_id": subnet.network_id,
        "ip_version": 4,
        "cidr": subnet.cidr,
        "gateway_ip": subnet.gateway_ip,
        "allocation_pools": [{"start": first, "end": last} for first, last in subnet.pools],
        "enable_dhcp": subnet.enable_dhcp,
        "dns_nameservers": subnet.dns_nameservers,
        "host_routes": subnet.host_routes,
        "ipv6_address_mode": None,
        "ipv6_ra_mode": None,
        "subnetpool_id": None,
        "service_types": [],
        "router:external": False,
        "tags": subnet.tags,
        "created_at": subnet.created_at,
        "updated_at": subnet.updated_at,
        "revision_number": 1,
    }


def show_port(port: Port, admin: bool) -> dict[str, Any]:
    """GET /v2.0/ports/{id}; administrators also see the binding."""
    shown = _owned(port.project_id) | {
        "id": port.id,
        "name": port.name,
        "description": port.description,
        "network_id": port.network_id,
        "mac_address": port.mac_address,
        "fixed_ips": port.fixed_ips,
        "admin_state_up": port.admin_state_up,
        "status": port.status,
        "device_id": port.device_id,
        "device_owner": port.device_owner,
        "security_groups": port.security_groups,
        "allowed_address_pairs": port.allowed_address_pairs,
        "port_security_enabled": port.port_security_enabled,
        "extra_dhcp_opts": [],
        "binding:vnic_type": port.vnic_type,
        "tags": port.tags,
        "created_at": port.created_at,
        "updated_at": port.updated_at,
        "revision_number": 1,
    }
    binding = {
        "binding:host_id": port.host_id,
        "binding:profile": port.binding_profile,
        "binding:vif_type": "other" if port.host_id else "unbound",
        "binding:vif_details": {},
    }
    return shown | (binding if admin else {})


NOT_KEPT_OF_RULES: dict[str, Any] = {
    "revision_number": 0,
    "standard_attr_id": 1,
    "normalized_cidr": None,
    "remote_address_group_id": None,
    "belongs_to_default_sg": None,
    "tags": [],
}


def show_rule(rule: SecurityGroupRule) -> dict[str, Any]:
    """GET /v2.0/security-group-rules/{id}"""
    fields = {field: getattr(rule, field) for field in SecurityGroupRule.__struct_fields__}
    return _owned(rule.project_id) | fields | NOT_KEPT_OF_RULES | {"description": rule.description or None}


def show_group(networks: Networks, group: SecurityGroup) -> dict[str, Any]:
    """GET /v2.0/security-groups/{id}"""
    fields = ("id", "name", "description", "tags", "created_at", "updated_at")
    rules = networks.rules.find(security_group_id=group.id)
    shown = _owned(group.project_id) | {field: getattr(group, field) for field in fields}
    more = {"stateful": True, "shared": False, "revision_number": 1}
    return shown | more | {"security_group_rules": [show_rule(rule) for rule in rules]}
