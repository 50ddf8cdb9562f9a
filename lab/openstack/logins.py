"""Log-ins at the cloud: for `openstack` and openstacksdk as clouds.yaml, and for connections of the lab's own."""

import shlex
from typing import Any

import openstack
import yaml
from openstack.connection import Connection

from lab.openstack.config.files import write_private
from lab.openstack.settings import Settings
from lab.openstack.users import CUSTOMER_DOMAIN, IDENTITY_USER, NODE_USER

ADMINISTRATOR = "admin"
ADMIN_PROJECT = {"project_name": "admin", "project_domain_id": "default"}
SYSTEM = {"system_scope": "all"}


def entries(settings: Settings) -> dict[str, dict[str, Any]]:
    """All log-ins by name: user and scope of each."""
    default = {"user_domain_id": "default"}
    own = {"user_domain_name": CUSTOMER_DOMAIN}
    return {
        "admin": _entry(settings, ADMINISTRATOR, default | ADMIN_PROJECT),
        "system": _entry(settings, ADMINISTRATOR, default | SYSTEM),
        IDENTITY_USER: _entry(settings, IDENTITY_USER, own | {"domain_name": CUSTOMER_DOMAIN}),
        NODE_USER: _entry(settings, NODE_USER, default | SYSTEM),
    }


def write(settings: Settings) -> None:
    """Write clouds.yaml, readable by its owner only."""
    write_private(settings.clouds_file, yaml.safe_dump({"clouds": entries(settings)}, sort_keys=False))


def connect(settings: Settings, name: str) -> Connection:
    """A connection by one of the log-ins."""
    entry = entries(settings)[name]
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        region_name=entry["region_name"],
        auth=entry["auth"],
        interface=entry["interface"],
    )


def variables(settings: Settings, name: str) -> str:
    """What a shell sets so that `openstack` uses one of the log-ins."""
    values = {"OS_CLIENT_CONFIG_FILE": str(settings.clouds_file), "OS_CLOUD": name}
    return "\n".join(f"export {key}={shlex.quote(value)}" for key, value in values.items())


def _entry(settings: Settings, user: str, scope: dict[str, str]) -> dict[str, Any]:
    auth = {"auth_url": settings.auth_url, "username": user, "password": settings.password(user), **scope}
    return {"region_name": settings.rack, "identity_api_version": 3, "interface": "public", "auth": auth}
