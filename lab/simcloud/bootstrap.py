"""What a new cloud has from its first start: an administrator, roles, a flavor, an image and a network."""

import os
import secrets
from pathlib import Path

import yaml

from lab.simcloud.cloud import Cloud
from lab.simcloud.glance.images import boot_iso
from lab.simcloud.nova.scheduler import custom_class
from lab.simcloud.store import transaction

ROLES = ("admin", "manager", "member", "reader", "service", "heat_stack_owner", "heat_stack_user")
RESOURCE_CLASS = "bm.general"
FIRST_ADDRESS, KEPT_AT_THE_END = 10, 56


def bootstrap(cloud: Cloud) -> None:
    """Makes the defaults and writes clouds.yaml, all at once; does nothing on a cloud that has them."""
    path = cloud.config.state / "clouds.yaml"
    directory = cloud.identity.directory
    if directory.domains.get("default") is None:
        password = secrets.token_urlsafe(24)
        with transaction(cloud.database):
            _identity(cloud, password)
            _compute(cloud)
            _network(cloud)
            write_clouds_file(cloud, path, password)


def _identity(cloud: Cloud, password: str) -> None:
    directory = cloud.identity.directory
    directory.create_domain("Default", "default", "The default domain")
    roles = {name: directory.create_role(name) for name in ROLES}
    project = directory.create_project("admin", description="Bootstrap project for initializing the cloud.")
    directory.create_project("service")
    user = directory.create_user("admin", password)
    directory.grant(user.id, roles["admin"].id, "project", project.id)
    directory.grant(user.id, roles["admin"].id, "domain", "default")
    directory.grant(user.id, roles["admin"].id, "system", "all")


def _admin_project_id(cloud: Cloud) -> str:
    project = cloud.identity.directory.projects.first(name="admin", domain_id="default")
    assert project is not None
    return project.id


def _compute(cloud: Cloud) -> None:
    flavor = cloud.flavors.create({"name": RESOURCE_CLASS, "ram": 1024, "vcpus": 1, "disk": 10})
    flavor.extra_specs = {f"resources:{custom_class(RESOURCE_CLASS)}": "1"}
    flavor.extra_specs |= dict.fromkeys(("resources:VCPU", "resources:MEMORY_MB", "resources:DISK_GB"), "0")
    cloud.flavors.table.save(flavor)
    formats = {"disk_format": "iso", "container_format": "bare"}
    body = {"name": "bm-image", "visibility": "public", "ironic_ramdisk_deploy": "true"} | formats
    cloud.images.upload(cloud.images.create(_admin_project_id(cloud), body), boot_iso())


def _network(cloud: Cloud) -> None:
    owner, net = _admin_project_id(cloud), cloud.config.subnet
    network = cloud.networks.create_network(
        owner, name="provision", shared=True, network_type="flat", physical_network="physnet1"
    )
    pool = (str(net[FIRST_ADDRESS]), str(net[-KEPT_AT_THE_END]))
    fields = {"name": "provision", "gateway_ip": str(net[1]), "pools": [pool], "enable_dhcp": False}
    cloud.networks.create_subnet(owner, network.id, str(net), **fields)


def write_clouds_file(cloud: Cloud, path: Path, password: str) -> None:
    """Writes the administrator's two log-ins, readable by the owner only."""
    auth = {
        "auth_url": f"{cloud.config.url('keystone')}/v3",
        "username": "admin",
        "password": password,
        "user_domain_id": "default",
    }
    entry = {"region_name": cloud.config.name, "identity_api_version": 3, "interface": "public"}
    project = entry | {"auth": auth | {"project_name": "admin", "project_domain_id": "default"}}
    system = entry | {"auth": auth | {"system_scope": "all"}}
    text = yaml.safe_dump({"clouds": {"admin": project, "system": system}}, sort_keys=False)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
