"""How services log in at the clouds, from what each cloud wrote at its first start."""

from pathlib import Path
from typing import Any

import yaml

from lab.launcher.keys import KeyFolder
from lab.launcher.settings import Cloud, Settings


def clouds_file(settings: Settings, cloud: Cloud) -> Path:
    """The administrator's log-ins of a cloud, as `openstack --os-cloud admin` (or `system`) reads them."""
    return settings.state / "simcloud" / cloud.name / "clouds.yaml"


class CloudLogins:
    """Log-ins as configuration files hold them: the password apart, in a file."""

    def __init__(self, settings: Settings, keys: KeyFolder) -> None:
        self._settings = settings
        self._keys = keys

    def operator(self, cloud: Cloud) -> dict[str, Any]:
        """The log-in with system scope, which sees every node."""
        return self._login(cloud, "system")

    def administrator(self, cloud: Cloud) -> dict[str, Any]:
        """The log-in that may make projects and users."""
        return self._login(cloud, "admin")

    def _login(self, cloud: Cloud, name: str) -> dict[str, Any]:
        entry = yaml.safe_load(clouds_file(self._settings, cloud).read_text())["clouds"][name]
        auth = {key: value for key, value in entry["auth"].items() if key != "password"}
        password = self._keys.keep_password(f"cloud-{cloud.name}", entry["auth"]["password"])
        return {"region": entry["region_name"], "auth": auth, "password": {"file": str(password)}}
