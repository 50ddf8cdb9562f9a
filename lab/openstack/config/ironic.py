"""Ironic: API and conductor in one process; machines by Redfish, booted from virtual media."""

from lab.openstack.config.shared import STOP_SECONDS, database_url, lock_files, messages_url, service_login, token_check
from lab.openstack.ini import Sections
from lab.openstack.settings import Settings

CONDUCTOR_HOST = "lab-conductor"
# Each Redfish call costs Ironic 0.4 s of CPU (it hashes the BMC's password by 600,000 rounds of PBKDF2), and looking at
# one machine takes several: a rack of four looked at every 10 s would keep a core busy.
POWER_SYNC_SECONDS = 60


def ironic(settings: Settings) -> Sections:
    """ironic.conf."""
    folder = settings.data / "ironic"
    return {
        "DEFAULT": {
            "auth_strategy": "keystone",
            "transport_url": messages_url(settings),
            # API and conductor call each other inside the process.
            "rpc_transport": "none",
            "host": CONDUCTOR_HOST,
            "my_ip": "127.0.0.1",
            "tempdir": str(folder / "tmp"),
            **_interfaces(),
        },
        "api": {"host_ip": "127.0.0.1", "port": settings.port("ironic")},
        "conductor": {
            # Cleaning by an agent would boot one; a rack's machine wipes its disk before another instance's first boot.
            "automated_clean": False,
            "sync_power_state_interval": POWER_SYNC_SECONDS,
            "graceful_shutdown_timeout": STOP_SECONDS,
        },
        "database": {"connection": database_url(settings, "ironic")},
        "deploy": {
            "http_url": settings.url("media"),
            "http_root": str(folder / "media"),
            "iso_master_path": str(folder / "master"),
        },
        "pxe": {
            name: str(folder / "pxe")
            for name in ("images_path", "instance_master_path", "tftp_root", "tftp_master_path")
        },
        "service_catalog": {**service_login(settings, "ironic"), "endpoint_override": settings.url("ironic")},
        "neutron": service_login(settings, "ironic"),
        "glance": service_login(settings, "ironic"),
        "nova": service_login(settings, "ironic"),
        "swift": service_login(settings, "ironic"),
        **lock_files(settings),
        **token_check(settings, "ironic"),
    }


def _interfaces() -> dict[str, str | tuple[str, ...]]:
    return {
        "enabled_hardware_types": ("redfish", "fake-hardware"),
        "enabled_bios_interfaces": ("no-bios", "redfish", "fake"),
        "default_bios_interface": "no-bios",
        "enabled_boot_interfaces": ("redfish-virtual-media", "fake"),
        "enabled_console_interfaces": ("no-console", "fake"),
        "enabled_deploy_interfaces": ("ramdisk", "direct", "fake"),
        "enabled_firmware_interfaces": ("no-firmware", "fake"),
        "enabled_inspect_interfaces": ("no-inspect", "redfish", "fake"),
        "enabled_management_interfaces": ("redfish", "fake"),
        "enabled_network_interfaces": ("noop",),
        "default_network_interface": "noop",
        "enabled_power_interfaces": ("redfish", "fake"),
        "enabled_raid_interfaces": ("no-raid", "fake"),
        "enabled_rescue_interfaces": ("no-rescue",),
        "enabled_storage_interfaces": ("noop",),
        "enabled_vendor_interfaces": ("no-vendor", "redfish", "fake"),
    }
