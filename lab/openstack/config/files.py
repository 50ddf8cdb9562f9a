"""Writes every configuration file anew, readable by its owner only: they hold passwords."""

import os
from collections.abc import Callable
from pathlib import Path

from lab.openstack import ini
from lab.openstack.config.glance import glance
from lab.openstack.config.heat import heat
from lab.openstack.config.ironic import ironic
from lab.openstack.config.keystone import keystone
from lab.openstack.config.neutron import ml2, neutron
from lab.openstack.config.nova import nova, nova_compute
from lab.openstack.config.placement import placement
from lab.openstack.ini import Sections
from lab.openstack.settings import Settings

FILES: dict[str, Callable[[Settings], Sections]] = {
    "keystone/keystone.conf": keystone,
    "glance/glance-api.conf": glance,
    "placement/placement.conf": placement,
    "nova/nova.conf": nova,
    "nova/nova-compute.conf": nova_compute,
    "neutron/neutron.conf": neutron,
    "neutron/ml2.ini": ml2,
    "heat/heat.conf": heat,
    "ironic/ironic.conf": ironic,
}
# Folders that services expect to find, below `Settings.data`.
DATA_FOLDERS = (
    *("locks", "nova/instances", "neutron", "glance/images", "glance/staging", "glance/tasks"),
    *("keystone/fernet-keys", "keystone/credential-keys", "ironic/tmp", "ironic/media", "ironic/master"),
)


def write_all(settings: Settings) -> None:
    """Write all files, and make the folders that they name."""
    for folder in DATA_FOLDERS:
        (settings.data / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in FILES.items():
        write_private(settings.configuration / name, ini.render(content(settings)))


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read; a reader sees the old or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(path)
