"""A build by the platform, as a customer orders it: from the request to a cluster that is ready, step by step."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from cloudpoint import Client
from cloudpoint.generated import types
from lab.launcher.accounts import CUSTOMER
from lab.launcher.platform import Platform
from tests.load.operation import succeeded

BLUEPRINT = "slurm"
CLUSTER = "bench"
COMPUTE_HOSTS = 2
MACHINES = 1 + COMPUTE_HOSTS
DEADLINE_SECONDS = 1200.0
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Built:
    """How long a build took as its customer saw it, how long each of its steps, and the names of its hosts."""

    seconds: float
    steps: dict[str, float]


@dataclass
class Ours:
    """A customer of a running platform who builds the same cluster again and again."""

    platform: Platform
    public_key: str
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        login = next(one for one in self.platform.accounts.logins() if one.email == CUSTOMER)
        self.client = Client(login.url)
        self.client.transport.token = self.client.sessions.create(login.email, login.password_file.read_text()).token
        self._project = next(iter(self.client.projects.list()))
        self._cluster_id = ""

    def build(self) -> Built:
        """Order a cluster and wait until it is ready. Raises RuntimeError with the operation's reason."""
        users = [{"name": "alice", "ssh_keys": [self.public_key]}]
        parameters = {"compute_count": COMPUTE_HOSTS, "users": users}
        begun = time.monotonic()
        accepted = self.client.clusters.create(self._project.id, CLUSTER, blueprint=BLUEPRINT, parameters=parameters)
        self._cluster_id = accepted.cluster_id
        operation = self._ended(accepted.operation_id)
        return Built(time.monotonic() - begun, {step.name: _seconds_of(step) for step in operation.steps})

    def export(self, folder: Path) -> None:
        """Write the files of the cluster that was built last, as ``cloudpoint cluster export`` does."""
        for path, text in self.client.clusters.export(self._cluster_id).files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)

    def delete(self) -> None:
        """Hand the cluster back."""
        self._ended(self.client.clusters.delete(self._cluster_id).operation_id)

    def _ended(self, operation_id: str) -> types.Operation:
        return succeeded(self.client, operation_id, look_seconds=LOOK_SECONDS, deadline_seconds=DEADLINE_SECONDS)


def _seconds_of(step: types.StepView) -> float:
    if step.started_at is None or step.ended_at is None:
        return 0.0
    return (step.ended_at - step.started_at).total_seconds()
