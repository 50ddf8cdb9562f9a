"""cloud.json: what whoever uses this cloud needs to know of it."""

import json
from typing import Any

from lab.openstack.config.files import write_private
from lab.openstack.resources import FLAVOR, IMAGE, NETWORK
from lab.openstack.settings import Settings
from lab.openstack.users import IDENTITY_USER, NODE_USER, SERVICES


def describe(settings: Settings, domain_id: str) -> dict[str, Any]:
    """Addresses, names, and which entry of clouds.yaml is for whom; ``domain_id`` is where customers' projects go."""
    return {
        "name": settings.rack,
        "region": settings.rack,
        "auth_url": settings.auth_url,
        "domain_id": domain_id,
        "endpoints": {name: settings.url(name) + path for name, (_, path) in SERVICES.items()},
        "image": IMAGE,
        "flavor": FLAVOR,
        "network": NETWORK,
        "rack": {
            "name": settings.rack,
            "subnet": settings.subnet,
            "netns": f"cp-{settings.rack}",
            "machines": settings.machines,
        },
        "clouds_file": str(settings.clouds_file),
        "logins": {"administrator": IDENTITY_USER, "operator": NODE_USER},
    }


def write(settings: Settings, domain_id: str) -> None:
    """Write the file, readable by its owner only."""
    write_private(settings.description_file, json.dumps(describe(settings, domain_id), indent=2) + "\n")
