"""With which values, and on which hosts, the law of elements is tried."""

from dataclasses import dataclass, field
from typing import Any

USERS = [{"name": "ada", "ssh_keys": ["{public_key}"]}, {"name": "blaise", "ssh_keys": ["{public_key}"]}]


@dataclass(frozen=True)
class Scenario:
    """An element's hosts (a group) and values."""

    hosts: str
    values: dict[str, Any] = field(default_factory=dict)


SCENARIOS = {
    "host-names": Scenario("cluster"),
    "users": Scenario("cluster", {"users": USERS}),
    "shared-home": Scenario("cluster", {"users": USERS, "kind": "sshfs"}),
    "user-ssh": Scenario("cluster", {"users": USERS}),
    "munge": Scenario("cluster"),
    "openmpi": Scenario("cluster"),
    "slurm-controller": Scenario("head", {"node_cpus": 2}),
    "slurm-compute": Scenario("compute"),
    "toolchain": Scenario("head"),
    "mpi-hostfile": Scenario("head", {"users": USERS, "slots": 2}),
}
