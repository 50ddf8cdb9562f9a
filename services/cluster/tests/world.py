"""The cluster service among its real siblings and an emulated cloud; only the hosts have no machines."""

import itertools
import shutil
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from lab.simcloud.tests.running import RunningCloud
from services.blueprint.config import CatalogueSettings
from services.blueprint.main import SERVICE as BLUEPRINT
from services.blueprint.schema import SCHEMA as BLUEPRINT_SCHEMA
from services.chassis.bus import BusSettings
from services.chassis.db import DatabaseSettings, Schema
from services.chassis.saga import SagaSettings
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.chassis.testing.waiting import until
from services.cluster.config import CloudSettings
from services.cluster.main import SERVICE as CLUSTER
from services.cluster.schema import SCHEMA as CLUSTER_SCHEMA
from services.cluster.tests.hosts import Hosts, relay_of, runner_of
from services.contracts.permissions import MANDATES, ROLES
from services.identity.config import CloudSettings as IdentityCloud
from services.identity.main import SERVICE as IDENTITY
from services.identity.schema import SCHEMA as IDENTITY_SCHEMA
from services.node.config import CloudSettings as NodeCloud
from services.node.main import SERVICE as NODE
from services.node.schema import SCHEMA as NODE_SCHEMA
from tests.support.siblings import running_authz, running_secrets

_ROOT = Path(__file__).parents[3]
_OPERATOR = ["project.create", "project.manage", "project.read", "user.manage"]
MEMBER = sorted(ROLES["member"].permissions)
PARAMETERS = {"users": [{"name": "alice", "ssh_keys": ["ssh-ed25519 AAAA"]}]}
CHECK = "{name: mpi-everywhere, summary: It computes., playbook: checks/mpi-everywhere.yaml}"
_numbers = itertools.count(1)

FreshDatabase = Callable[[Schema], Awaitable[DatabaseSettings]]


@dataclass(frozen=True)
class Person:
    """A person with the role of a member in some projects."""

    id: str
    projects: tuple[str, ...]


@dataclass
class World:
    """Everything that runs. ``cluster`` works; ``idle`` is a second one, with its own database and no workers."""

    authority: Authority
    cloud: RunningCloud
    hosts: Hosts
    running: dict[str, RunningService] = field(default_factory=dict)

    @property
    def cluster(self) -> RunningService:
        return self.running["cluster"]

    @property
    def idle(self) -> RunningService:
        return self.running["idle"]

    async def person(self, *projects: str, role: str = "member") -> Person:
        """Return a new member of the projects; of a new one if none is named."""
        number = next(_numbers)
        client = self.running["identity"].client
        body = {"email": f"p{number}@example.org", "name": f"p{number}", "password": "correct horse battery"}
        user = (await client.post("/v1/users", json=body, headers=self._operator())).json()["id"]
        projects = projects or (await self._project(f"project-{number}"),)
        return await self._member(user, *projects, role=role)

    async def _member(self, user: str, *projects: str, role: str = "member") -> Person:
        for project in projects:
            path = f"/v1/projects/{project}/members/{user}"
            client = self.running["identity"].client
            answer = await client.put(path, json={"role": role}, headers=self._operator())
            assert answer.status_code < 300, answer.text
        return Person(user, projects)

    async def suspend(self, person: Person) -> None:
        path = f"/v1/users/{person.id}"
        client = self.running["identity"].client
        answer = await client.patch(path, json={"state": "suspended"}, headers=self._operator())
        assert answer.status_code == 200, answer.text

    def ask(self, person: Person, **more: str) -> dict[str, str]:
        """Return the headers of a person's request, as the gateway sends it; good for one request."""
        projects = dict.fromkeys(person.projects, MEMBER)
        return {**self.authority.pass_for(person.id, "cluster", projects=projects), "Idempotency-Key": "k", **more}

    def mandate(self, project: str) -> str:
        """Return a mandate to build in a project."""
        granted = {project: sorted(MANDATES["cluster.build"].grants)}
        return self.authority.mandate_for("usr_1", "cluster", projects=granted)

    async def create(self, person: Person, name: str, service: RunningService | None = None, **body: Any) -> Any:
        """Ask for a cluster and return the answer."""
        wish = {"project": person.projects[0], "name": name, "blueprint": "small", "parameters": PARAMETERS, **body}
        client = (service or self.cluster).client
        return await client.post("/v1/clusters", json=wish, headers=self.ask(person))

    async def show(self, person: Person, path: str, service: RunningService | None = None) -> Any:
        answer = await (service or self.cluster).client.get(f"/v1/{path}", headers=self.ask(person))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def reach(self, person: Person, operation_id: str, *states: str, seconds: float = 40) -> Any:
        """Wait until an operation is in one of the states, and return it."""
        seen: list[Any] = []

        async def there() -> bool:
            seen[:] = [await self.show(person, f"operations/{operation_id}")]
            stuck = seen[0]["state"] in ("succeeded", "failed", "undone", "parked")
            assert seen[0]["state"] in states or not stuck, seen[0]
            return seen[0]["state"] in states

        await until(there, seconds)
        return seen[0]

    async def built(self, person: Person, name: str, **body: Any) -> Any:
        """Return a cluster that is ready."""
        accepted = (await self.create(person, name, **body)).json()
        await self.reach(person, accepted["operation_id"], "succeeded")
        return await self.show(person, f"clusters/{accepted['cluster_id']}")

    async def deleted(self, person: Person, cluster_id: str) -> None:
        answer = await self.cluster.client.delete(f"/v1/clusters/{cluster_id}", headers=self.ask(person))
        assert answer.status_code == 202, answer.text
        await self.reach(person, answer.json()["operation_id"], "succeeded", "undone", "failed")

    async def post(self, person: Person, path: str) -> Any:
        return await self.cluster.client.post(f"/v1/{path}", headers=self.ask(person))

    async def new_project(self, person: Person) -> Person:
        """Return the person as a member of one more project, which is new, and of no other."""
        return await self._member(person.id, await self._project(f"project-{next(_numbers)}"))

    async def _project(self, name: str) -> str:
        client = self.running["identity"].client
        await client.post("/v1/organisations", json={"name": "acme"}, headers=self._operator())
        body = {"organisation": "acme", "name": name}
        answer = await client.post("/v1/projects", json=body, headers=self._operator())
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def _operator(self) -> dict[str, str]:
        headers = self.authority.pass_for("usr_root", "identity", platform=_OPERATOR)
        return {**headers, "Idempotency-Key": "test"}


async def open_world(
    stack: AsyncExitStack,
    folder: Path,
    cloud: RunningCloud,
    fresh: FreshDatabase,
    bus: BusSettings,
    clusters: Mapping[str, bool] = MappingProxyType({"cluster": True, "idle": False}),
    node_look_seconds: float = 0.2,
    **settings: Any,
) -> World:
    """Start all services; ``stack`` stops them.

    ``clusters`` names the cluster services and says which of them work; ``settings`` are theirs beside the defaults.
    """
    authority = Authority(folder / "keys")
    world = World(authority, cloud, Hosts())
    entries = yaml.safe_load(cloud.clouds_file.read_text())["clouds"]

    async def start(name: str, service: Any, **settings: Any) -> str:
        started = await stack.enter_async_context(running(service, authority, **settings))
        world.running[name] = started
        return started.url

    authz = await stack.enter_async_context(running_authz(authority, fresh))
    secrets = await stack.enter_async_context(running_secrets(authority, fresh, folder, authz.url))
    world.running |= {"authz": authz, "secrets": secrets}
    urls = {"authz": authz.url, "secrets": secrets.url}
    clouds: dict[str, Any] = {"alpha": IdentityCloud(region=cloud.name, auth=entries["admin"]["auth"])}
    database = await fresh(IDENTITY_SCHEMA)
    urls["identity"] = await start("identity", IDENTITY, database=database, services=dict(urls), clouds=clouds)
    catalogue = CatalogueSettings(str(_catalogue(folder)), str(_ROOT / "elements"))
    database = await fresh(BLUEPRINT_SCHEMA)
    urls["blueprint"] = await start("blueprint", BLUEPRINT, database=database, services=dict(urls), catalogue=catalogue)
    node_clouds = {"alpha": NodeCloud(region=cloud.name, auth=entries["system"]["auth"])}
    database = await fresh(NODE_SCHEMA)
    only_authz = {"authz": authz.url}
    looks = {"clouds": node_clouds, "look_seconds": node_look_seconds}
    urls["node"] = await start("node", NODE, work=True, bus=bus, database=database, services=only_authz, **looks)
    urls["runner"] = await start("runner", runner_of(world.hosts), services=only_authz)
    urls["relay"] = await start("relay", relay_of(world.hosts), services=only_authz)
    for name, work in clusters.items():
        database = await fresh(CLUSTER_SCHEMA)
        await start(
            name,
            CLUSTER,
            work=work,
            bus=bus,
            database=database,
            services=dict(urls),
            clouds={name: CloudSettings(image="bm-image", network="provision") for name in ("alpha", "beta")},
            default_cloud="alpha",
            **{
                "reconcile_seconds": 3600.0,
                "standstill_seconds": 5.0,
                "closer_look_seconds": 0.2,
                "saga": SagaSettings(lease_seconds=5.0),
                **settings,
            },
        )
    return world


def _catalogue(folder: Path) -> Path:
    """Return a folder that holds the small blueprint, and beside it ``checked``: the same with a check."""
    place = folder / "blueprints"
    place.mkdir()
    for schema in (_ROOT / "blueprints").glob("*.json"):
        shutil.copy(schema, place)
    shutil.copytree(_ROOT / "tests/e2e/small", place / "small")
    shutil.copytree(_ROOT / "blueprints/slurm/infrastructure", place / "small/infrastructure")
    shutil.copytree(place / "small", place / "checked")
    shutil.copytree(_ROOT / "blueprints/mpi/checks", place / "checked/checks")
    document = place / "checked/blueprint.yaml"
    text = document.read_text().replace("name: small", "name: checked")
    document.write_text(text.replace("checks: []", f"checks: [{CHECK}]"))
    return place
