"""The service catalogue: a fixed list, since a cloud's ports are."""

from hashlib import md5
from typing import Any

from lab.simcloud.config import CloudConfig

SERVICES = (
    ("keystone", "identity", "keystone", "/v3"),
    ("heat", "orchestration", "heat", "/v1/%(tenant_id)s"),
    ("nova", "compute", "nova", "/v2.1"),
    ("neutron", "network", "neutron", ""),
    ("glance", "image", "glance", ""),
    ("placement", "placement", "placement", ""),
    ("ironic", "baremetal", "ironic", ""),
)
INTERFACES = ("public", "internal", "admin")


def _stable_id(*parts: str) -> str:
    return md5("/".join(parts).encode(), usedforsecurity=False).hexdigest()


class Catalog:
    """Services and endpoints of one cloud; the region is the cloud's name."""

    def __init__(self, config: CloudConfig) -> None:
        self._config = config

    @property
    def region(self) -> str:
        """The name of the only region."""
        return self._config.name

    def services(self) -> list[dict[str, Any]]:
        """As GET /v3/services shows them."""
        return [
            {
                "id": _stable_id(self._config.name, name),
                "name": name,
                "type": kind,
                "enabled": True,
                "description": "",
                "links": {"self": f"{self._config.url('keystone')}/v3/services/{_stable_id(self._config.name, name)}"},
            }
            for name, kind, _, _ in SERVICES
        ]

    def endpoints(self) -> list[dict[str, Any]]:
        """As GET /v3/endpoints shows them."""
        return [
            {
                "id": _stable_id(self._config.name, name, interface),
                "service_id": _stable_id(self._config.name, name),
                "interface": interface,
                "region": self._config.name,
                "region_id": self._config.name,
                "url": self._config.url(port) + path,
                "enabled": True,
                "links": {},
            }
            for name, _, port, path in SERVICES
            for interface in INTERFACES
        ]

    def for_token(self, project_id: str | None) -> list[dict[str, Any]]:
        """As a token shows it: without the endpoints that need a project, if there is none."""
        entries = []
        for service in self.services():
            endpoints = [
                {
                    "id": e["id"],
                    "interface": e["interface"],
                    "region": e["region"],
                    "region_id": e["region_id"],
                    "url": e["url"].replace("%(tenant_id)s", project_id or ""),
                }
                for e in self.endpoints()
                if e["service_id"] == service["id"] and (project_id or "%(tenant_id)s" not in e["url"])
            ]
            entries.append(
                {"id": service["id"], "name": service["name"], "type": service["type"], "endpoints": endpoints}
            )
        return entries
