"""What a test of a fault asks of the platform: builds, how far they are, and that nothing is left or there twice."""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cloudpoint import ApiProblem, Client
from cloudpoint.generated import types
from tests.e2e.faults.harm import Harm
from tests.e2e.platform import CLOUD, Platform, awaited, finished

BUILD_SECONDS = 240.0
STEP_SECONDS = 120.0
FREE_SECONDS = 90.0
_OVER = frozenset({"succeeded", "failed", "parked", "undone"})


@dataclass
class Scene:
    """One platform, who acts on it, and the clusters that a test makes there."""

    platform: Platform
    harm: Harm
    customer: Client
    operator: Client
    administrator: Client
    project: types.Project
    parameters: dict[str, object]
    key_file: Path
    kept: set[str] = field(default_factory=set)
    """Clusters that are left alone when all others are taken back."""

    def begin(self, name: str, until: str = "", cloud: str = CLOUD, blueprint: str = "small") -> types.Accepted:
        """Ask for a cluster, and return when its build is in the step ``until``."""
        accepted = self.customer.clusters.create(
            self.project.id, name, blueprint=blueprint, cloud=cloud, parameters=self.parameters
        )
        if until:
            self.reach(accepted.operation_id, until)
        return accepted

    def reach(self, operation_id: str, step: str) -> None:
        """Wait until a step of an operation runs, and see that none is over before."""

        def found() -> types.Operation:
            return self.customer.operations.show(operation_id)

        operation = awaited(found, lambda seen: step in running(seen) or seen.state in _OVER, STEP_SECONDS)
        assert operation.state == "running", operation

    def machine_of(self, accepted: types.Accepted, host: str) -> str:
        """Return the rack's name of the machine that a host is on."""
        cluster = self.customer.clusters.show(accepted.cluster_id)
        node = next(one.node_name for one in cluster.hosts or [] if one.name == host)
        return str(node).rpartition("-")[2]

    def ended(self, operation_id: str, seconds: float = BUILD_SECONDS) -> types.Operation:
        """Wait until an operation has ended or is parked."""
        return finished(self.customer, operation_id, seconds)

    def noted(self, operation_id: str) -> str:
        """Return what an operation that goes on says of its units."""
        operation = self.customer.operations.show(operation_id)
        units = [unit for step in operation.steps for unit in step.units or [] if isinstance(unit, types.UnitView)]
        return " | ".join(filter(None, [operation.state, *(unit.note for unit in units)]))

    def parked(self, operation_id: str, *words: str, seconds: float = BUILD_SECONDS) -> types.Operation:
        """Wait until an operation is parked; its reason is for a person: it names these, and leads to a runbook."""
        found = self.ended(operation_id, seconds)
        assert found.state == "parked", found
        assert found.reason is not None and found.reason.sentence.endswith("."), found.reason
        told = f"{found.reason.sentence}\n{found.reason.evidence or ''}"
        assert all(word in told for word in words), told
        assert found.reason.runbook, found.reason
        return found

    def succeeds(self, accepted: types.Accepted, *, resumes: int = 0, seconds: float = BUILD_SECONDS) -> None:
        """Wait until a build has succeeded by itself, or by so many resumes at most; it stands once."""
        found = self.ended(accepted.operation_id, seconds)
        for _ in range(resumes):
            if found.state == "parked":
                assert found.reason is not None and found.reason.runbook, found.reason
                found = self.resumed(found.id, seconds)
        assert found.state == "succeeded", found.reason
        self.stands_once(accepted)

    def resumed(self, operation_id: str, seconds: float = BUILD_SECONDS) -> types.Operation:
        """Resume an operation and wait until it stops again."""
        self.customer.operations.resume(operation_id)
        return self.ended(operation_id, seconds)

    def stands_once(self, accepted: types.Accepted) -> None:
        """Everything of the cluster is there, nothing of it twice, and nothing of anybody else."""
        cluster = self.customer.clusters.show(accepted.cluster_id)
        assert cluster.state == "ready" and {host.state for host in cluster.hosts or []} == {"ready"}, cluster
        cloud = self.platform.cloud(str(cluster.cloud_id))
        assert cloud.servers() == sorted(host.name for host in cluster.hosts or [])
        groups = ("compute-0", "head-0", "shared")
        assert cloud.stacks() == [f"{cluster.name}-{group}-{cluster.id[-10:]}" for group in groups]
        runs = Counter(self.platform.databases().runs(cluster.id))
        assert runs["apply", "succeeded"] >= 1 and runs["verify", "succeeded"] == 1, runs
        assert not {state for _, state in runs} & {"queued", "running"}, runs

    def delete(self, accepted: types.Accepted) -> None:
        """Delete a cluster, and see that its machines are free for the next one, as the platform sees them."""
        hosts = self.customer.clusters.show(accepted.cluster_id).hosts or []
        nodes = [host.node_name for host in hosts if host.node_name]
        deleted = self.ended(self.customer.clusters.delete(accepted.cluster_id).operation_id)
        assert deleted.state == "succeeded", deleted.reason
        states = lambda: {self.operator.nodes.show(node).state for node in nodes}  # noqa: E731
        awaited(states, lambda seen: seen <= {"available"}, FREE_SECONDS)

    def clear(self) -> None:
        """Take clusters back, whatever a test left them in."""
        for cluster in list(self.customer.clusters.list()):
            if cluster.state != "deleted" and cluster.id not in self.kept:
                awaited(partial(self._taken_back, cluster.id), bool, BUILD_SECONDS)

    def nothing_is_left(self, before: dict[str, object]) -> None:
        """Clouds and databases hold what they held before, and every other machine is free."""
        awaited(self.holdings, lambda held: held == before, FREE_SECONDS)
        awaited(self._states_of_machines, lambda states: states <= {"available"}, FREE_SECONDS)

    def holdings(self) -> dict[str, object]:
        """Return what the clouds hold, and how many rows belong to clusters."""
        clouds = {f"cloud {name}": self.platform.cloud(name).everything() for name in self.platform.clouds}
        return {**clouds, **self.platform.databases().of_clusters()}

    def _states_of_machines(self) -> set[str]:
        return {node.state for node in self.operator.nodes.list() if node.cluster_id not in self.kept}

    def _taken_back(self, cluster_id: str) -> bool:
        cluster = self.customer.clusters.show(cluster_id)
        if cluster.state == "deleted":
            return True
        operation = self.customer.operations.show(cluster.operation_id) if cluster.operation_id else None
        try:
            if operation is None or (operation.kind == "cluster.delete" and operation.state == "parked"):
                self.customer.clusters.delete(cluster_id)
            elif wish := next((one for one in ("cancel", "undo", "resume") if one in operation.allowed), None):
                getattr(self.customer.operations, wish)(operation.id)
        except ApiProblem as problem:
            assert problem.status in (409, 503), problem
        return False


def running(operation: types.Operation) -> set[str]:
    """Return the names of the steps that run."""
    return {step.name for step in operation.steps if step.state == "running"}
