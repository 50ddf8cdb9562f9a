"""A few machines of the lab's rack, with Ansible beside them: where elements are tried."""

import base64
import json
import re
import secrets
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.rack.settings import default_cache_root
from lab.rack.tests.bench import Bench, wait_for

HERE = Path(__file__).resolve().parent
ELEMENTS = HERE.parents[1] / "elements"
PLAYBOOK_DEADLINE_SECONDS = 300
SSH_OPTIONS = ("ControlMaster=auto", "ControlPersist=30s", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null")
RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)

Fingerprint = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a playbook ended: by host, how many tasks changed something; and what it printed."""

    succeeded: bool
    changed: dict[str, int]
    printed: str


@dataclass(frozen=True)
class Layer:
    """An element to be tried: its folder, hosts and values."""

    folder: Path
    hosts: str
    values: dict[str, Any]

    @property
    def description(self) -> dict[str, Any]:
        described: dict[str, Any] = yaml.safe_load((self.folder / "element.yaml").read_text())
        return described

    def filled_in(self) -> dict[str, Any]:
        """Values with the defaults of the element's schema, as the platform passes them."""
        known = self.description["parameters"]["properties"]
        return {**{name: one["default"] for name, one in known.items() if "default" in one}, **self.values}


class Stand:
    """Machines `m1` (the head) and the others (compute), deployed from the base image."""

    def __init__(self, bench: Bench, machines: list[str], folder: Path) -> None:
        self.bench, self.machines, self.folder = bench, machines, folder
        self.roles = {"head": machines[:1], "compute": machines[1:]}
        self.public_key = bench.key.with_suffix(".pub").read_text().strip()
        self.as_new: dict[str, Fingerprint] = {}
        self.known_as_new = False
        self._secrets: dict[tuple[str, str], str] = {}
        self._write_settings()

    def deploy(self) -> None:
        """Make all machines as new."""
        for machine in self.machines:
            self.bench.deploy(machine, str(uuid.uuid4()), hostname=machine, name=machine)
        self.as_new = self.fingerprints()
        self.known_as_new = True

    def reboot(self, machine: str) -> None:
        """Reboot by the machine's own command; returns when it lets us in again."""
        before = self.bench.boot_id(machine)
        self.bench.ssh(machine, "systemctl reboot", check=False)
        wait_for(lambda: self._booted_since(machine, before), f"{machine} to come back")

    def _booted_since(self, machine: str, before: str) -> bool:
        try:
            return self.bench.boot_id(machine) != before
        except AssertionError:  # ssh does not let us in yet
            return False

    def play(self, phase: str, layer: Layer) -> Outcome:
        """Run one of an element's playbooks."""
        return self.run(layer.folder / f"{phase}.yaml", self._variables(layer))

    def play_until_it_succeeds(self, phase: str, layer: Layer, deadline_seconds: float) -> Outcome:
        """Run a playbook again and again; the last outcome."""
        deadline = time.monotonic() + deadline_seconds
        while not (outcome := self.play(phase, layer)).succeeded and time.monotonic() < deadline:
            time.sleep(1)
        return outcome

    def run(self, playbook: Path, variables: dict[str, Any]) -> Outcome:
        """Run a playbook with the stand's inventory."""
        self.known_as_new = False
        given = self.folder / "variables.json"
        given.write_text(json.dumps(variables).replace("{public_key}", self.public_key))
        program = default_cache_root() / "ansible" / "bin" / "ansible-playbook"
        done = subprocess.run(
            ["ip", "netns", "exec", self.bench.netns, program, "-i", "inventory.json", "-e", f"@{given}", playbook],
            capture_output=True,
            text=True,
            timeout=PLAYBOOK_DEADLINE_SECONDS,
            check=False,
            cwd=self.folder,
        )
        changed = {host: int(count) for host, count, *_ in RECAP.findall(done.stdout)}
        return Outcome(done.returncode == 0, changed, done.stdout + done.stderr)

    def fingerprints(self, group: str = "cluster") -> dict[str, Fingerprint]:
        """The fingerprint of each machine of a group."""
        machines = self.roles.get(group, self.machines)
        with ThreadPoolExecutor(len(machines)) as pool:
            return dict(zip(machines, pool.map(self._fingerprint, machines), strict=True))

    def _fingerprint(self, machine: str) -> Fingerprint:
        program = base64.b64encode((HERE / "fingerprint.py").read_bytes()).decode()
        exclusions = base64.b64encode((HERE / "fingerprint-exclusions.txt").read_bytes()).decode()
        run = f'python3 -B -c "$(echo {program} | base64 -d)"'
        found: Fingerprint = json.loads(self.bench.ssh(machine, f"echo {exclusions} | base64 -d | {run}"))
        return found

    def _variables(self, layer: Layer) -> dict[str, Any]:
        wanted = layer.description["secrets"]
        return {
            "element_hosts": layer.hosts,
            "element": layer.filled_in(),
            "secret": {one["name"]: self._secret(layer.folder.name, one) for one in wanted},
            "cluster": {"id": "clu_test", "name": "test"},
        }

    def _secret(self, element: str, wanted: dict[str, Any]) -> str:
        """A secret as the platform makes it; the same each time it is asked for."""
        name = (element, wanted["name"])
        if name not in self._secrets:
            random = wanted["kind"] == "random-bytes"
            value = secrets.token_bytes(wanted["length"]) if random else self.bench.key.read_bytes()
            self._secrets[name] = base64.b64encode(value).decode()
        return self._secrets[name]

    def _write_settings(self) -> None:
        hosts = {machine: self._host_variables(machine) for machine in self.machines}
        groups = {role: {"hosts": dict.fromkeys(names)} for role, names in self.roles.items()}
        inventory = {"all": {"children": {"cluster": {"hosts": hosts}, **groups}}}
        (self.folder / "inventory.json").write_text(json.dumps(inventory))
        lines = ["[defaults]", f"library = {ELEMENTS / 'library'}", "gathering = explicit", "nocolor = True"]
        lines += ["interpreter_python = /usr/bin/python3", "[ssh_connection]", "pipelining = True"]
        lines += [f"ssh_args = {' '.join(f'-o {option}' for option in SSH_OPTIONS)}"]
        (self.folder / "ansible.cfg").write_text("\n".join(lines) + "\n")

    def _host_variables(self, machine: str) -> dict[str, str]:
        address = self.bench.address(machine)
        return {
            "cluster_hostname": machine,
            "cluster_address": address,
            "ansible_host": address,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.bench.key),
        }
