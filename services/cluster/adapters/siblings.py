"""The sibling services that a cluster's life needs, one small client each, with the bodies of the contracts."""

from services.chassis.auth.credentials import Authority, Mandate
from services.chassis.http.client import ServiceClient
from services.contracts.blueprint import BlueprintVersion
from services.contracts.identity import CloudCredential
from services.contracts.node import Allocation, CapacityReport, HealthReport, HealthRequest, Hold, HoldRequest
from services.contracts.runs import ProbeReport, ProbeRequest, Run, RunLog, StartRun
from services.contracts.secrets import Authority as SshAuthority
from services.contracts.secrets import EnsureAuthority


class Blueprints:
    """The catalogue."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def version(self, name: str, version: str | None, authority: Authority) -> BlueprintVersion:
        """Return one version whole; None asks for the newest."""
        path = f"/internal/blueprints/{name}/versions/{version or 'newest'}"
        return await self._client.call("GET", path, BlueprintVersion, authority=authority)

    async def element_archive(self, name: str, version: str, authority: Authority) -> bytes:
        """Return the files of an element's version as a tar archive."""
        return await self._client.fetch(f"/internal/elements/{name}/versions/{version}/archive", authority=authority)

    async def checks_archive(self, name: str, version: str, authority: Authority) -> bytes:
        """Return what the checks of a blueprint's version need as a tar archive."""
        return await self._client.fetch(f"/internal/blueprints/{name}/versions/{version}/archive", authority=authority)


class Nodes:
    """Capacity, holds, and the health of the machines behind servers."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def capacity(self, authority: Authority) -> CapacityReport:
        """Return what is free now."""
        return await self._client.call("GET", "/internal/capacity", CapacityReport, authority=authority)

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
