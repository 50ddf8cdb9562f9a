"""The sibling services that a cluster's life needs, one small client each, with the bodies of the contracts."""

from urllib.parse import quote

from services.chassis.auth.credentials import Authority, Mandate
from services.chassis.http.client import ServiceClient
from services.contracts.blueprint import CATALOGUE, BlueprintVersion
from services.contracts.cluster import Plan, PlanElement
from services.contracts.identity import CloudCredential
from services.contracts.node import Allocation, CapacityReport, HealthReport, HealthRequest, Hold, HoldRequest
from services.contracts.runs import ProbeReport, ProbeRequest, Run, RunLog, StartRun
from services.contracts.secrets import Authority as SshAuthority
from services.contracts.secrets import EnsureAuthority


class Blueprints:
    """The catalogue."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def find(
        self, name: str, version: str | None, owner: str | None, project: str, authority: Authority
    ) -> BlueprintVersion:
        """Return one version whole, as a project understands the name; None asks for the newest, and for any owner."""
        path = f"/internal/blueprints/{quote(name, safe='')}/versions/{quote(version or 'newest', safe='')}"
        query = {"owner": owner, "project": project}
        return await self._client.call("GET", path, BlueprintVersion, authority=authority, query=query)

    async def of_plan(self, plan: Plan, authority: Authority) -> BlueprintVersion:
        """Return the version that a plan was made from."""
        path = f"/internal/blueprints/{plan.blueprint}/versions/{plan.blueprint_version}"
        query = {"owner": plan.blueprint_owner or CATALOGUE}
        return await self._client.call("GET", path, BlueprintVersion, authority=authority, query=query)

    async def element_archive(self, element: PlanElement, authority: Authority) -> bytes:
        """Return the files of an element's version as a tar archive."""
        path = (
            f"/internal/elements/{element.name}/versions/{element.version}/archive?owner={element.owner or CATALOGUE}"
        )
        return await self._client.fetch(path, authority=authority)

    async def checks_archive(self, plan: Plan, authority: Authority) -> bytes:
        """Return what the checks of a plan's blueprint need as a tar archive."""
        path = f"/internal/blueprints/{plan.blueprint}/versions/{plan.blueprint_version}/archive"
        return await self._client.fetch(f"{path}?owner={plan.blueprint_owner or CATALOGUE}", authority=authority)


class Nodes:
    """Capacity, holds, and the health of the machines behind servers."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def capacity(self, authority: Authority, *, fresh: bool = False) -> CapacityReport:
        """Return what is free, as of some seconds ago; with ``fresh`` as of now."""
        path = "/internal/capacity?fresh=true" if fresh else "/internal/capacity"
        return await self._client.call("GET", path, CapacityReport, authority=authority)

    async def hold(self, request: HoldRequest, mandate: Mandate) -> Hold:
        """Hold machines for a cluster; the same cluster again changes nothing."""
        path = f"/internal/holds/{request.cluster_id}"
        return await self._client.call("PUT", path, Hold, authority=mandate, body=request)

    async def allocate(self, cluster_id: str, servers: Allocation, mandate: Mandate) -> HealthReport:
        """Record which nodes the cluster's servers are on; returns them."""
        path = f"/internal/holds/{cluster_id}/allocation"
        return await self._client.call("PUT", path, HealthReport, authority=mandate, body=servers)

    async def release(self, cluster_id: str, mandate: Mandate) -> None:
        """Give a cluster's hold back; having none is fine."""
        await self._client.call("DELETE", f"/internal/holds/{cluster_id}", type(None), authority=mandate)

    async def health(self, request: HealthRequest, authority: Authority) -> HealthReport:
        """Return how the machines behind servers are, as Ironic sees them."""
        return await self._client.call("POST", "/internal/health", HealthReport, authority=authority, body=request)


class Identity:
    """A project's own credential at a cloud."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def credential(self, project_id: str, cloud_id: str, authority: Authority) -> CloudCredential:
        """Return it; the Keystone project is made with the first use."""
        path = f"/internal/projects/{project_id}/clouds/{cloud_id}/credential"
        return await self._client.call("POST", path, CloudCredential, authority=authority, idempotency_key="credential")


class Secrets:
    """The SSH authority and the secrets of a cluster."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def ensure(self, request: EnsureAuthority, mandate: Mandate) -> SshAuthority:
        """Make what is missing and return the authority's public half."""
        path = f"/internal/clusters/{request.cluster_id}/authority"
        return await self._client.call("PUT", path, SshAuthority, authority=mandate, body=request)

    async def forget(self, cluster_id: str, mandate: Mandate) -> None:
        """Destroy all of a cluster's secrets; having none is fine."""
        await self._client.call("DELETE", f"/internal/clusters/{cluster_id}", type(None), authority=mandate)


class Runner:
    """Runs of elements."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def start(self, request: StartRun, mandate: Mandate) -> Run:
        """Start a run; the same id again answers the run that is there."""
        return await self._client.call(
            "POST", "/internal/runs", Run, authority=mandate, body=request, idempotency_key=request.run_id
        )

    async def show(self, run_id: str, mandate: Mandate) -> Run:
        return await self._client.call("GET", f"/internal/runs/{run_id}", Run, authority=mandate)

    async def cancel(self, run_id: str, mandate: Mandate) -> None:
        """Cancel a run; one that has ended stays as it is."""
        path = f"/internal/runs/{run_id}/cancel"
        await self._client.call("POST", path, Run, authority=mandate, idempotency_key=f"cancel-{run_id}")

    async def log(self, run_id: str, offset: int, mandate: Mandate) -> RunLog:
        """Return the run's log from ``offset`` on."""
        path = f"/internal/runs/{run_id}/log"
        return await self._client.call("GET", path, RunLog, authority=mandate, query={"offset": offset})


class Relay:
    """The only way to a host."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def probe(self, request: ProbeRequest, mandate: Mandate) -> ProbeReport:
        """Return which hosts' SSH answers, with their host keys."""
        return await self._client.call(
            "POST", "/internal/probes", ProbeReport, authority=mandate, body=request, idempotency_key="probe"
        )
