"""What is configured: the elements of a Slurm cluster, as a run of the platform and as the files of one playbook."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.chassis.ids import new_id
from services.contracts.runs import RunCluster, RunElement, RunHost, StartRun
from services.contracts.secrets import SecretSpec
from services.runner.domain import playbook
from services.runner.domain.element_order import entries_of_run
from tests.elements.scenarios import SCENARIOS
from tests.elements.stand import ELEMENTS, Layer, Stand

PROJECT, CLUSTER, OPERATION, CLOUD = "prj_bench", "clu_bench", "op_bench", "bench"
KNOWN_HOSTS = "known_hosts"
NAMES = (
    *("host-names", "users", "shared-home", "munge"),
    *("openmpi", "slurm-controller", "slurm-compute", "toolchain"),
)


@dataclass(frozen=True)
class Work:
    """Elements on the machines of a stand, whose host keys are pinned."""

    stand: Stand
    host_keys: dict[str, str]

    @classmethod
    def on(cls, stand: Stand) -> "Work":
        """The whole of a Slurm cluster on a stand's machines."""
        read = "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub"
        return cls(stand, {machine: stand.bench.ssh(machine, read).strip() for machine in stand.machines})

    @property
    def layers(self) -> list[Layer]:
        """Each element with the hosts and values that its tests use."""
        return [Layer(ELEMENTS / name, SCENARIOS[name].hosts, SCENARIOS[name].values) for name in NAMES]

    @property
    def secrets(self) -> list[SecretSpec]:
        """The secrets that the elements need."""
        return [
            SecretSpec(f"{layer.folder.name}/{one['name']}", one["kind"], one.get("length", 32))
            for layer in self.layers
            for one in layer.description["secrets"]
        ]

    def run(self) -> StartRun:
        """A run that applies all of it."""
        return StartRun(
            run_id=new_id("run"),
            operation_id=OPERATION,
            project_id=PROJECT,
            cloud_id=CLOUD,
            cluster=RunCluster(CLUSTER, "bench"),
            phase="apply",
            hosts=[self._host(machine) for machine in self.stand.machines],
            elements=[self._element(layer) for layer in self.layers],
        )

    def write_playbook(self, values: dict[str, str]) -> Path:
        """Write the playbook that the runner would give to Ansible, with these values of secrets; returns its path."""
        run = self.run()
        entries = entries_of_run(run)
        folder = self.stand.folder / "elements"
        folder.mkdir(exist_ok=True)
        for entry in entries:
            (folder / entry.key).symlink_to(ELEMENTS / entry.name)
        given = {(name, secret): value for (name, _, secret), value in _split(values)}
        path = self.stand.folder / playbook.PLAYBOOK
        path.write_text(playbook.playbook(run, entries, set(self.stand.machines), given))
        known = (f"{host.address} {key}\n" for host in run.hosts for key in host.host_keys)
        (self.stand.folder / KNOWN_HOSTS).write_text("".join(known))
        return path

    def _host(self, machine: str) -> RunHost:
        role = "head" if machine in self.stand.roles["head"] else "compute"
        address, keys = self.stand.bench.address(machine), [self.host_keys[machine]]
        return RunHost(id=f"hst_{machine}", name=machine, role=role, address=address, host_keys=keys)

    def _element(self, layer: Layer) -> RunElement:
        return RunElement(
            name=layer.folder.name,
            version=layer.description["version"],
            hosts=self.stand.roles.get(layer.hosts, self.stand.machines),
            values=_with_key(layer.filled_in(), self.stand.public_key),
            secrets=[one["name"] for one in layer.description["secrets"]],
        )


def _split(values: dict[str, str]) -> list[tuple[tuple[str, str, str], str]]:
    return [(name.partition("/"), value) for name, value in values.items()]


def _with_key(value: Any, public_key: str) -> Any:
    """Values with the stand's own key in the place that scenarios leave for it."""
    if isinstance(value, str):
        return value.replace("{public_key}", public_key)
    if isinstance(value, dict):
        return {name: _with_key(item, public_key) for name, item in value.items()}
    return [_with_key(item, public_key) for item in value] if isinstance(value, list) else value
