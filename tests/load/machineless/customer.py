"""A customer who orders many clusters at once, or a large one, and reads from the operations what they took."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

from cloudpoint import Client
from cloudpoint.generated import types
from lab.launcher.accounts import CUSTOMER
from lab.launcher.platform import Platform
from tests.load.operation import succeeded

BLUEPRINT = "slurm"
USERS = [{"name": "alice", "ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJlbmNo"]}]
AT_ONCE = 25
LOOK_SECONDS = 0.5
DEADLINE_SECONDS = 900.0


@dataclass(frozen=True)
class Build:
    """One build: from the request to ready, and between the end of each step and the begin of the next, in seconds."""

    seconds: float
    queued: float
    between: Sequence[float]
    steps: dict[str, float]

    @classmethod
    def of(cls, operation: types.Operation) -> "Build":
        """What an operation's times say."""
        steps = [(step.name, step.started_at, step.ended_at) for step in operation.steps]
        times = [(name, started, ended) for name, started, ended in steps if started and ended]
        assert operation.ended_at is not None
        return cls(
            seconds=(operation.ended_at - operation.created_at).total_seconds(),
            queued=(times[0][1] - operation.created_at).total_seconds(),
            between=[(later[1] - earlier[2]).total_seconds() for earlier, later in pairwise(times)],
            steps={name: (ended - started).total_seconds() for name, started, ended in times},
        )


@dataclass
class Customer:
    """A customer of a running platform."""

    platform: Platform
    client: Client = field(init=False)
    project: str = field(init=False)

    def __post_init__(self) -> None:
        login = next(one for one in self.platform.accounts.logins() if one.email == CUSTOMER)
        self.client = Client(login.url)
        self.client.transport.token = self.client.sessions.create(login.email, login.password_file.read_text()).token
        self.project = next(iter(self.client.projects.list())).id

    def plan(self, hosts: int) -> types.Plan:
        """Plan a cluster of so many hosts, the head included."""
        return self.client.plans.create(self.project, "planned", BLUEPRINT, parameters=_parameters(hosts))

    def order(self, names: Sequence[str], hosts: int) -> list[types.Accepted]:
        """Order clusters, all at once."""

        def create(name: str) -> types.Accepted:
            parameters = _parameters(hosts)
            return self.client.clusters.create(self.project, name, blueprint=BLUEPRINT, parameters=parameters)

        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(create, names))

    def built(self, orders: Sequence[types.Accepted]) -> list[Build]:
        """Wait until all are ready; raises RuntimeError for one that is not."""
        return [Build.of(self._ended(order.operation_id)) for order in orders]

    def export(self, order: types.Accepted) -> dict[str, str]:
        """The files of a cluster, as ``cloudpoint cluster export`` writes them."""
        return self.client.clusters.export(order.cluster_id).files

    def delete(self, orders: Sequence[types.Accepted]) -> None:
        """Hand the clusters back and wait until all are gone."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            going = list(threads.map(lambda order: self.client.clusters.delete(order.cluster_id), orders))
        for order in going:
            self._ended(order.operation_id)

    def _ended(self, operation_id: str) -> types.Operation:
        return succeeded(self.client, operation_id, look_seconds=LOOK_SECONDS, deadline_seconds=DEADLINE_SECONDS)


def _parameters(hosts: int) -> dict[str, object]:
    return {"compute_count": hosts - 1, "users": USERS}
