"""What customers order from: a flavor, an image and the rack's network, named as in every lab cloud."""

import io
import ipaddress
from typing import Any

import pycdlib

from lab.openstack import logins
from lab.openstack.config.neutron import PHYSICAL_NETWORK
from lab.openstack.settings import Settings

RESOURCE_CLASS = "bm.general"
FLAVOR, IMAGE, BOOT_IMAGE, NETWORK = "bm.general", "bm-image", "bm-boot", "provision"
FIRST_ADDRESS, LAST_ADDRESS = 10, 200
# Nova's name of Ironic's resource class `bm.general`.
CUSTOM_CLASS = "CUSTOM_" + RESOURCE_CLASS.upper().replace(".", "_")


class Resources:
    """Makes what is missing; what is there stays as it is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cloud: Any = logins.connect(settings, "admin")

    def ensure_flavor(self) -> None:
        """A flavor that asks for one machine of the resource class and for nothing else."""
        compute = self._cloud.compute
        flavor = compute.find_flavor(FLAVOR) or compute.create_flavor(name=FLAVOR, ram=1024, vcpus=1, disk=10)
        wanted = {f"resources:{CUSTOM_CLASS}": "1"}
        wanted |= dict.fromkeys(("resources:VCPU", "resources:MEMORY_MB", "resources:DISK_GB"), "0")
        compute.create_flavor_extra_specs(flavor, wanted)

    def ensure_image(self) -> None:
        """An image that Ironic deploys by inserting a boot ISO, which is an image of its own."""
        boot = self._image(BOOT_IMAGE, boot_iso(), "iso")
        self._image(
            IMAGE, b"booted from the image in boot_iso_id\n", "raw", boot_iso_id=boot.id, ironic_ramdisk_deploy="true"
        )

    def _image(self, name: str, data: bytes, disk_format: str, **properties: str) -> Any:
        found = self._cloud.image.find_image(name)
        if found is not None and found.status == "active":
            return found
        if found is not None:
            self._cloud.image.delete_image(found)
        return self._cloud.create_image(
            name,
            data=data,
            disk_format=disk_format,
            container_format="bare",
            visibility="public",
            wait=True,
            timeout=60,
            allow_duplicates=True,
            **properties,
        )

    def ensure_network(self) -> None:
        """The rack's network, shared by all projects; machines take their addresses from the config drive."""
        network, subnet = self._cloud.network, ipaddress.ip_network(self._settings.subnet)
        found = network.find_network(NETWORK) or network.create_network(
            name=NETWORK, is_shared=True, provider_network_type="flat", provider_physical_network=PHYSICAL_NETWORK
        )
        if network.find_subnet(NETWORK, network_id=found.id) is None:
            network.create_subnet(
                name=NETWORK,
                network_id=found.id,
                ip_version=4,
                cidr=str(subnet),
                gateway_ip=str(subnet[1]),
                allocation_pools=[{"start": str(subnet[FIRST_ADDRESS]), "end": str(subnet[LAST_ADDRESS])}],
                is_dhcp_enabled=False,
            )


def boot_iso() -> bytes:
    """An ISO 9660 volume that stands for a live system: a rack's machines boot when one is inserted."""
    iso, whole = pycdlib.PyCdlib(), io.BytesIO()
    iso.new(vol_ident="CLOUDPOINT_BOOT", joliet=3)
    text = b"This volume stands for a live system.\n"
    iso.add_fp(io.BytesIO(text), len(text), "/README.TXT;1", joliet_path="/readme.txt")
    iso.write_fp(whole)
    iso.close()
    return whole.getvalue()
