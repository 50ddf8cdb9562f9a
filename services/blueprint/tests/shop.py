"""The blueprint service beside identity and authz, and what customers ask of it."""

import itertools
from dataclasses import dataclass, field

import httpx
from sqlalchemy import func, select

from services.blueprint.schema import own_names, own_versions
from services.chassis.testing.app import RunningService
from services.chassis.testing.authority import Authority

MEMBER = ["blueprint.read", "blueprint.publish"]
_numbers = itertools.count(1)


@dataclass
class Shop:
    """Two projects of one organisation (a, b) and one of another (c), all of them new.

    ``alone`` is the same service on the same database, with an identity that does not answer.
    """

    authority: Authority
    identity: RunningService
    service: RunningService
    alone: RunningService
    projects: dict[str, str] = field(default_factory=dict)

    async def open(self) -> None:
        """Make the projects."""
        number = next(_numbers)
        for name, organisation in (("a", f"acme-{number}"), ("b", f"acme-{number}"), ("c", f"globex-{number}")):
            self.projects[name] = await self._project(name, organisation)

    def headers(self, *names: str, permissions: list[str] = MEMBER) -> dict[str, str]:
        """Return the headers of a person's request who holds ``permissions`` on projects."""
        projects = {self.projects[name]: permissions for name in names}
        made = self.authority.pass_for("usr_1", "blueprint", projects=projects)
        return {**made, "Idempotency-Key": "k"}

    async def get(self, who: str, path: str, **query: str) -> httpx.Response:
        return await self.service.client.get(f"/v1/{path}", params=query, headers=self.headers(*who))

    async def put(self, who: str, path: str, *, shared: bool) -> httpx.Response:
        body = {"project": self.projects[who], "shared": shared}
        return await self.service.client.put(f"/v1/{path}/sharing", json=body, headers=self.headers(who))

    async def publish(self, who: str, kind: str, texts: dict[str, str]) -> httpx.Response:
        body = {"project": self.projects[who], "files": texts}
        return await self.service.client.post(f"/v1/{kind}s", json=body, headers=self.headers(who))

    async def send(self, who: str, kind: str, archive: bytes) -> httpx.Response:
        path, query = f"/v1/{kind}s/archive", {"project": self.projects[who]}
        return await self.service.client.post(path, params=query, content=archive, headers=self.headers(who))

    async def names(self, who: str) -> list[tuple[str, str]]:
        """Return names and owners of the blueprints that are seen and are not the catalogue's."""
        items = (await self.get(who, "blueprints")).json()["items"]
        return [(item["name"], item["owner"]) for item in items if item["owner"] is not None]

    async def kept(self) -> int:
        """Count what the database holds of these projects."""
        async with self.service.process.database.project(*self.projects.values()) as tx:
            counts = [await tx.execute(select(func.count()).select_from(table)) for table in (own_names, own_versions)]
        return sum(one.scalar_one() for one in counts)

    async def _project(self, name: str, organisation: str) -> str:
        await self.identity.client.post("/v1/organisations", json={"name": organisation}, headers=self._operator())
        body = {"name": name, "organisation": organisation}
        answer = await self.identity.client.post("/v1/projects", json=body, headers=self._operator())
        return str(answer.json()["id"])

    def _operator(self) -> dict[str, str]:
        headers = self.authority.pass_for("usr_root", "identity", platform=["project.create"])
        return {**headers, "Idempotency-Key": "k"}
