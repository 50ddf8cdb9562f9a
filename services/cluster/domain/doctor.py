"""The checks of a cloud as a project sees it, and of what only its operator sees: which there are, in which order."""

import asyncio
from datetime import UTC, datetime

from services.chassis.auth.credentials import Mandate
from services.chassis.cloud import CloudAccess
from services.chassis.cloud.checking import Check, Verdict, failed, good, unchecked
from services.chassis.errors import Problem
from services.cluster.adapters.catalogue import Catalogue
from services.cluster.adapters.cloud_probe import CloudProbe
from services.cluster.config import CloudSettings
from services.cluster.domain import cloud_verdicts as judge
from services.cluster.domain.cloud_facts import Flavor, Network, custom_class
from services.cluster.sagas.deps import Deps
from services.contracts.cloud_checks import CheckCloud
from services.contracts.node import Capacity

STANDING = "cluster.doctor"


class Doctor:
    """Looks once at one cloud; later checks judge with what earlier ones have read. ``close`` ends it."""

    def __init__(self, deps: Deps, catalogue: Catalogue, cloud_id: str, request: CheckCloud) -> None:
        self._deps = deps
        self._catalogue = catalogue
        self._cloud_id = cloud_id
        self._project_id = request.project
        self._settings: CloudSettings = deps.settings.clouds[cloud_id]
        self._standing: asyncio.Future[str] | None = None
        self._probes: dict[str, CloudProbe] = {}
        self._machines: list[Capacity] = []
        self._flavors: list[Flavor] = []
        self._networks: list[Network] = []

    def checks(self) -> list[Check]:
        """Return all checks, in the order in which what they find is best mended."""
        project, operator = "project-credential", "operator-credential"
        return [
            Check("capacity", "The node service", self._capacity),
            Check(project, "Keystone", self._project_credential),
            Check("heat-api", "Heat", self._heat, (project,)),
            Check("flavors", "Nova", self._judge_flavors, (project, "capacity")),
            Check("blueprint-flavors", "The blueprint service", self._blueprint_flavors, ("flavors",)),
            Check("image", "Glance", self._image, (project,)),
            Check("network", "Neutron", self._network, (project,)),
            Check("compute-quota", "Nova", self._compute_quota, ("flavors",)),
            Check("port-quota", "Neutron", self._port_quota, (project, "capacity")),
            Check("heat-batch", "Heat", self._batch, ("heat-api", "flavors", "image", "network")),
            Check(operator, "Keystone", self._operator_credential),
            Check("addresses", "Neutron", self._addresses, (operator, "network", "capacity")),
            Check("compute-services", "Nova", self._compute_services, (operator,)),
            Check("placement", "Placement", self._placement, (operator, "capacity")),
        ]

    def close(self) -> None:
        """Let go of all log-ins."""
        if self._standing is not None:
            self._standing.cancel()
        for probe in self._probes.values():
            probe.close()

    async def _capacity(self) -> Verdict:
        report = await self._deps.nodes.capacity(await self._mandate())
        self._machines = [item for item in report.items if item.cloud_id == self._cloud_id]
        return judge.judge_capacity(self._machines, report.taken_at, datetime.now(UTC))

    async def _project_credential(self) -> Verdict:
        if self._project_id is None:
            return unchecked("No project was named.", "Make one (cloudpoint project create), or name one: --project.")
        try:
            found = await self._deps.identity.credential(self._project_id, self._cloud_id, await self._mandate())
        except Problem as problem:
            mend = problem.hint_text or "See the checks of identity."
            return failed("The project has no credential at the cloud, and none can be made.", mend, problem.detail)
        seconds = self._settings.call_seconds
        access = CloudAccess(found.auth_type, found.auth, found.region, call_seconds=seconds)
        roles = await self._opened("project", access).roles()
        sentence = f"The project is {found.cloud_project_id} at the cloud, and its user can log in."
        return good(sentence, f"roles: {', '.join(roles)}")

    async def _heat(self) -> Verdict:
        await self._project.reach_heat()
        return good("Heat answers the project.")

    async def _judge_flavors(self) -> Verdict:
        found = await self._project.flavors()
        self._flavors = judge.usable(found, self._machines)
        return judge.judge_flavors(found, self._machines)

    async def _blueprint_flavors(self) -> Verdict:
        return judge.judge_needs(await self._catalogue.needs(await self._mandate()), self._flavors)

    async def _image(self) -> Verdict:
        return judge.judge_image(self._settings.image, await self._project.images(self._settings.image))

    async def _network(self) -> Verdict:
        self._networks = await self._project.networks(self._settings.network)
        return judge.judge_network(self._settings.network, self._networks, self._machines)

    async def _compute_quota(self) -> Verdict:
        return judge.judge_compute_quota(await self._project.compute_quotas(), self._flavors, self._machines)

    async def _port_quota(self) -> Verdict:
        return judge.judge_port_quota(await self._project.port_quota(), self._machines)

    async def _batch(self) -> Verdict:
        machines, flavor = self._deps.settings.batch_size, self._flavors[0].id
        refusal = await self._project.refusal_of_batch(
            machines=machines, image=self._settings.image, flavor=flavor, network=self._networks[0].id
        )
        return judge.judge_batch(refusal, machines)

    async def _operator_credential(self) -> Verdict:
        if self._settings.operator is None:
            place = f"clouds.{self._cloud_id}.operator of the cluster service's configuration"
            return unchecked("No operator's log-in is configured; a build needs none.", f"Write one to {place}.")
        return judge.judge_operator(await self._opened("operator", self._settings.operator.access()).roles())

    async def _addresses(self) -> Verdict:
        network = self._networks[0]
        return judge.judge_addresses(network, await self._operator.addresses_in_use(network.id), self._machines)

    async def _compute_services(self) -> Verdict:
        return judge.judge_compute_services(await self._operator.compute_services())

    async def _placement(self) -> Verdict:
        classes = sorted({custom_class(item.resource_class) for item in self._machines})
        return judge.judge_placement(await self._operator.offered(classes), self._machines)

    @property
    def _project(self) -> CloudProbe:
        return self._probes["project"]

    @property
    def _operator(self) -> CloudProbe:
        return self._probes["operator"]

    def _opened(self, name: str, access: CloudAccess) -> CloudProbe:
        self._probes[name] = CloudProbe(access)
        return self._probes[name]

    async def _mandate(self) -> Mandate:
        """Return the one mandate of this look, asked for by whoever needs it first."""
        if self._standing is None:
            self._standing = asyncio.ensure_future(self._deps.authz.standing(STANDING))
        return Mandate(await asyncio.shield(self._standing))
