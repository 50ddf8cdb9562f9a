"""The cloud that the suite looks at: the emulated one of this run, or any other that a file describes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack
from heatclient import client as heat_client
from openstack.connection import Connection

from services.chassis.cloud import CloudAccess
from tests.contract.openstack.api import Api


@dataclass(frozen=True)
class Cloud:
    """Where a cloud is and what it has.

    ``clouds_file`` has the administrator's entries ``admin`` (a project) and ``system`` (system scope); ``patience``
    is by how much longer than the emulated cloud's its states may take.
    """

    name: str
    region: str
    clouds_file: Path
    image: str
    flavor: str
    network: str
    patience: float
    emulated: bool

    @property
    def auth_url(self) -> str:
        """Keystone's address."""
        return str(self.login("admin")["auth_url"])

    def login(self, entry: str) -> dict[str, Any]:
        """The arguments of ``v3password`` of an entry of clouds.yaml."""
        config = openstack.config.OpenStackConfig(config_files=[str(self.clouds_file)], load_envvars=False)
        auth: dict[str, Any] = config.get_one(entry).get_auth_args()
        return {key: value for key, value in auth.items() if value is not None}

    def access(self, entry: str) -> CloudAccess:
        """The access of an entry of clouds.yaml, as our adapters take it."""
        return CloudAccess("v3password", self.login(entry), self.region)

    def api(self, access: CloudAccess) -> Api:
        """All APIs, as that somebody, without a client in between."""
        return Api.of(access)

    def connect(self, access: CloudAccess) -> Connection:
        """openstacksdk as that somebody."""
        return Connection(session=Api.of(access).session, region_name=self.region)

    def heat(self, access: CloudAccess) -> Any:
        """heatclient as that somebody."""
        session = Api.of(access).session
        return heat_client.Client("1", session=session, region_name=self.region, interface="public")


def described(path: Path) -> Cloud:
    """Read the file that a lab writes when it is up (``cloud.json``)."""
    told = json.loads(path.read_text())
    return Cloud(
        name=told["name"],
        region=told["region"],
        clouds_file=Path(told["clouds_file"]),
        image=told["image"],
        flavor=told["flavor"],
        network=told["network"],
        patience=told.get("patience", 20.0),
        emulated=False,
    )
