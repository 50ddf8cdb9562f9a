"""What the blueprints in the catalogue ask of a cloud, for its checks."""

from dataclasses import dataclass

from services.chassis.auth.credentials import Authority
from services.chassis.http.client import ServiceClient
from services.chassis.routing import Page
from services.contracts.blueprint import CATALOGUE, BlueprintSummary, BlueprintVersion

_ITS_OWN = {"owner": CATALOGUE}


@dataclass(frozen=True)
class Need:
    """The flavor that the machines of a blueprint's role get, and the class of machines that it must lead to."""

    blueprint: str
    flavor: str
    resource_class: str


class Catalogue:
    """The catalogue; projects' own blueprints are theirs to look after."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def needs(self, authority: Authority) -> set[Need]:
        """Return what the newest version of each blueprint needs."""
        page = await self._client.call(
            "GET", "/v1/blueprints", Page[BlueprintSummary], authority=authority, query=_ITS_OWN
        )
        versions = [await self._version(item, authority) for item in page.items]
        return {Need(one.name, role.flavor, role.resource_class) for one in versions for role in one.roles}

    async def _version(self, item: BlueprintSummary, authority: Authority) -> BlueprintVersion:
        path = f"/internal/blueprints/{item.name}/versions/{item.version}"
        return await self._client.call("GET", path, BlueprintVersion, authority=authority, query=_ITS_OWN)
