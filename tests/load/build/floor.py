"""The floor of a build: its export, made by hand with Heat's own client and plain ansible-playbook, as fast as it goes.

It waits less between two looks than the export's own script, and asks Heat from one process, so that what is compared
with it gets nothing for free. Ansible and ssh run where the machines are reached directly.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import openstack
import yaml
from heatclient.common import template_utils
from heatclient.exc import HTTPNotFound
from heatclient.v1.client import Client as HeatClient

LOOK_SECONDS = 0.25
DEADLINE_SECONDS = 1200.0


def heat_of(clouds_file: Path, name: str = "admin") -> HeatClient:
    """Heat's client with a log-in of a clouds.yaml."""
    config = openstack.config.OpenStackConfig(config_files=[str(clouds_file)], load_envvars=False)
    region = config.get_one(name)
    return HeatClient(session=region.get_session(), region_name=region.get_region_name(), interface="public")


@dataclass
class Floor:
    """One export in ``folder``, built with ``heat`` on machines that are reached in a network namespace."""

    folder: Path
    heat: HeatClient
    namespace: str
    ansible: Path
    seconds: dict[str, float] = field(default_factory=dict)

    def build(self) -> float:
        """Build it and return the seconds that it took; ``seconds`` holds them by step."""
        begun = time.monotonic()
        with self._step("secrets"):
            self._run("bash", "secrets.sh")
        settings = self._settings()
        with self._step("shared"):
            self._create("shared", {})
            network = self._complete("shared")["network"]
        with self._step("machines"):
            given = {"network": network, "user_data": (self.folder / "user-data.yaml").read_text()}
            for batch in settings:
                self._create(batch, given)
            addresses = [address for batch in settings for address in self._addresses(batch)]
        with self._step("reach"), ThreadPoolExecutor(len(addresses)) as threads:
            list(threads.map(self._reach, addresses))
        for name in ("site", "verify"):
            with self._step(name), self._home() as home:
                self._run(str(self.ansible / "ansible-playbook"), f"{name}.yml", place="ansible", home=home)
        return time.monotonic() - begun

    def delete(self) -> None:
        """Take all of it back."""
        groups = [*self._settings(), "shared"]
        for group in groups:
            self._delete(group)
            self._until(partial(self._gone, group), f"{group} to be gone")

    def _settings(self) -> list[str]:
        """The names of the batches, as the shell reads them from the export."""
        return self._run("bash", "-c", '. ./cluster.sh; printf "%s\\n" "${batches[@]}"').split()

    def _name(self, group: str) -> str:
        return f"{self.folder.name}-{group}"

    def _create(self, group: str, parameters: dict[str, Any]) -> None:
        hot = self.folder / "hot"
        files, template = template_utils.get_template_contents(template_file=str(hot / f"{group}.yaml"))
        environment = yaml.safe_load((hot / f"{group}.env.yaml").read_text())
        self.heat.stacks.create(
            stack_name=self._name(group),
            template=template,
            files=dict(files),
            parameters={**environment["parameters"], **parameters},
        )

    def _complete(self, group: str) -> dict[str, Any]:
        """Wait for a stack; returns its outputs. Raises RuntimeError with Heat's reason."""

        def made() -> bool:
            status = self._status(group) or ""
            if status.endswith("FAILED"):
                raise RuntimeError(f"{group}: {self.heat.stacks.get(self._name(group)).stack_status_reason}")
            return status == "CREATE_COMPLETE"

        self._until(made, f"{group} to be complete")
        outputs = self.heat.stacks.get(self._name(group)).outputs
        return {one["output_key"]: one["output_value"] for one in outputs}

    def _addresses(self, batch: str) -> list[str]:
        """Wait for a batch; returns its addresses, and writes them where Ansible finds them."""
        servers = self._complete(batch)["servers"]
        for server in servers:
            text = f'ansible_host: "{server["address"]}"\ncluster_address: "{server["address"]}"\n'
            file = self.folder / "ansible" / "host_vars" / f"{server['name']}.yaml"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        return [server["address"] for server in servers]

    def _reach(self, address: str) -> None:
        command = ("ssh", "-F", "ssh/config", "-o", "ConnectTimeout=5", f"root@{address}", "true")
        self._until(lambda: self._try(*command).returncode == 0, f"a log-in at {address}")

    def _status(self, group: str) -> str | None:
        """The state of a stack, asked as cheaply as Heat answers it."""
        try:
            found: str = self.heat.stacks.get(self._name(group), resolve_outputs=False).stack_status
        except HTTPNotFound:
            return None
        return None if found == "DELETE_COMPLETE" else found

    def _gone(self, group: str) -> bool:
        return self._status(group) is None

    def _delete(self, group: str) -> None:
        try:
            self.heat.stacks.delete(self._name(group))
        except HTTPNotFound:
            return

    def _until(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited {DEADLINE_SECONDS:.0f} s for {what}")
            time.sleep(LOOK_SECONDS)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - begun

    @contextmanager
    def _home(self) -> Iterator[str]:
        """A short path: Ansible keeps its sockets at home, and a socket's path has at most 107 bytes (unix(7))."""
        with tempfile.TemporaryDirectory(prefix="home-") as home:
            yield home

    def _try(self, *command: str, place: str = "ansible", home: str = "/tmp") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ("ip", "netns", "exec", self.namespace, *command),
            cwd=self.folder / place,
            env={"PATH": f"{self.ansible}:{os.environ['PATH']}", "HOME": home, "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )

    def _run(self, *command: str, place: str = ".", home: str = "/tmp") -> str:
        done = self._try(*command, place=place, home=home)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}\n{(done.stdout + done.stderr)[-4000:]}")
        return done.stdout
