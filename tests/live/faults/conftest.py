"""A build that a fault meets while its machines are made."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudpoint import Client
from cloudpoint.generated import types
from tests.live.faults.builds import BUILD_SECONDS, GONE_SECONDS, left_at, phase_of, take_back
from tests.live.lab import Lab, awaited


@pytest.fixture(scope="session")
def parameters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Two hosts, one user."""
    key = tmp_path_factory.mktemp("key") / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=10)
    public = Path(f"{key}.pub").read_text().strip()
    return {"compute_count": 1, "users": [{"name": "alice", "ssh_keys": [public]}]}


@pytest.fixture
def accepted(lab: Lab, customer: Client, operator: Client, parameters: dict[str, object]) -> Iterator[types.Accepted]:
    """A build that was ordered; taken back after the test, with every machine free and nothing left at the cloud."""
    project = next(iter(customer.projects.list()))
    name = f"fault-{int(time.time()) % 100000}"
    ordered = customer.clusters.create(project.id, name, blueprint="mpi", parameters=parameters)
    yield ordered
    take_back(customer, ordered)
    awaited(lambda: {node.state for node in operator.nodes.list()}, lambda found: found == {"available"}, GONE_SECONDS)
    assert left_at(lab) == []


@pytest.fixture
def build(customer: Client, accepted: types.Accepted) -> str:
    """The operation of a build whose machines are being made."""
    operation = accepted.operation_id
    awaited(lambda: phase_of(customer, operation), lambda phase: phase == "create_machines", BUILD_SECONDS)
    return operation
