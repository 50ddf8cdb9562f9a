"""Neutron: names and addresses on the rack's flat network; no agent, since nothing has to be plugged."""

from lab.openstack.config.shared import database_url, lock_files, messages_url, service_login, token_check
from lab.openstack.ini import Sections
from lab.openstack.settings import Settings

PHYSICAL_NETWORK = "physnet1"
UNLIMITED = -1


def neutron(settings: Settings) -> Sections:
    """neutron.conf."""
    return {
        "DEFAULT": {
            "state_path": str(settings.data / "neutron"),
            "transport_url": messages_url(settings),
            "core_plugin": "ml2",
            "service_plugins": "",
            "api_paste_config": str(settings.environment / "etc/neutron/api-paste.ini"),
            "notify_nova_on_port_status_changes": False,
            "notify_nova_on_port_data_changes": False,
            "dhcp_agent_notification": False,
            "api_workers": 0,
            "rpc_workers": 0,
        },
        "database": {"connection": database_url(settings, "neutron")},
        "quotas": {"quota_port": UNLIMITED, "quota_network": UNLIMITED},
        "placement": service_login(settings, "placement"),
        **lock_files(settings),
        **token_check(settings, "neutron"),
    }


def ml2(_settings: Settings) -> Sections:
    """ml2.ini: the mechanism driver binds nothing, as with Ironic's `network_interface=noop`."""
    return {
        "ml2": {
            "type_drivers": ("flat", "local"),
            "tenant_network_types": "local",
            "mechanism_drivers": "logger",
            "extension_drivers": "port_security",
        },
        "ml2_type_flat": {"flat_networks": PHYSICAL_NETWORK},
        "securitygroup": {"enable_security_group": True},
    }
