"""The clouds of a platform, whoever provides them: what the launcher must know of both kinds to start and stop them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lab.launcher.settings import Cloud
from lab.launcher.steps import Step


@dataclass(frozen=True)
class Access:
    """How one of our services is somebody at a cloud: keystoneauth's arguments, the password apart."""

    region: str
    auth: dict[str, Any]
    password: str


@dataclass(frozen=True)
class Accesses:
    """The accesses of the services that need one, and where ``identity`` makes projects: the domain and their roles.

    ``operator`` has a project's scope, for what the cluster service's checks look at beyond a project's own.
    """

    identity: Access
    node: Access
    operator: Access
    domain_id: str
    roles: tuple[str, ...]


def access_in(entry: dict[str, Any]) -> Access:
    """The access that an entry of a clouds.yaml gives."""
    auth = {key: value for key, value in entry["auth"].items() if key != "password"}
    return Access(entry["region_name"], auth, entry["auth"]["password"])


class Clouds(Protocol):
    """All clouds of one platform, each with the rack behind it."""

    def steps(self, cloud: Cloud) -> list[Step]:
        """Start a cloud and its rack. After the step ``cloud-<name>`` its APIs answer and its accesses are known."""

    def accesses(self, cloud: Cloud) -> Accesses:
        """How our services log in."""

    def clouds_file(self, cloud: Cloud) -> Path:
        """The administrator's log-ins, as ``openstack --os-cloud admin`` (or ``system``) reads them."""

    def ports(self, cloud: Cloud) -> dict[str, int]:
        """Who must be able to listen where, apart from the rack."""

    def doors(self) -> dict[str, tuple[int, str]]:
        """Port and path at which each process that the supervisor keeps says that it is ready."""

    def processes(self) -> list[dict[str, Any]]:
        """What else runs of them: name, pid, ready, restarts, age_seconds, remark."""

    def down_steps(self) -> list[Step]:
        """Stop what the supervisor does not; each needs ``services``. Data stays."""

    def destroy(self) -> None:
        """Delete what is not in the state folder, after all is down."""
