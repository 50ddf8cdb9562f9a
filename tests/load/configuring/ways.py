"""The same work in each way: by the platform's runner in its sandbox, and by ansible-playbook on the machine itself."""

import asyncio
import os
import re
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from lab.rack.settings import default_cache_root
from services.chassis.testing.app import RunningService
from services.chassis.testing.authority import Authority
from services.contracts.runs import StartRun
from tests.load.configuring.account import Account
from tests.load.configuring.work import KNOWN_HOSTS, OPERATION, PROJECT

DEADLINE_SECONDS = 600.0
LOOK_SECONDS = 0.1
_GRANTS = {PROJECT: ["run.control", "host.connect", "authority.sign", "authority.use", "blueprint.read"]}
_ENDED = frozenset({"succeeded", "failed", "cancelled", "lost"})
# Of each host in Ansible's recap: how many tasks were carried out there, and how many of them failed.
_RECAP = re.compile(r"^\S+\s+: ok=(\d+)\s+changed=\d+\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock, and of the controller's CPU: the services and their database, Ansible, connections."""

    wall: float
    cpu: float


async def spent_on(work: Callable[[], Awaitable[None]], account: Account) -> Spent:
    """Do the work and say what it took."""
    cpu, begun = account.seconds(), time.monotonic()
    await work()
    return Spent(time.monotonic() - begun, account.seconds() - cpu)


def headers(authority: Authority, audience: str) -> dict[str, str]:
    """What the cluster service sends along, for a person's operation."""
    mandate = authority.mandate_for("usr_1", "cluster", projects=_GRANTS, operation_id=OPERATION)
    return authority.hop_for(mandate, audience, service="cluster")


async def by_runner(runner: RunningService, authority: Authority, run: StartRun) -> None:
    """Have a runner carry a run to its end. Raises RuntimeError unless it succeeds."""
    body = msgspec.to_builtins(run)
    answer = await runner.client.post("/internal/runs", headers=headers(authority, "runner"), json=body)
    answer.raise_for_status()
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            path = f"/internal/runs/{run.run_id}"
            seen = (await runner.client.get(path, headers=headers(authority, "runner"))).raise_for_status().json()
            if seen["state"] in _ENDED:
                break
            await asyncio.sleep(LOOK_SECONDS)
    if seen["state"] != "succeeded":
        raise RuntimeError(f"the run {seen['state']}: {seen['reason']}")


@dataclass(frozen=True)
class Playbook:
    """A playbook on disk, and the namespace from which its hosts are reached."""

    path: Path
    namespace: str

    async def play(self, strategy_plugins: str | None) -> int:
        """Play it, by mitogen where its plugins are named; returns how many tasks were carried out, over all hosts.

        What it starts ends with it, connections included, as it does in a sandbox.
        """
        alone = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
        program = default_cache_root() / "ansible" / "bin" / "ansible-playbook"
        ssh = "-o ControlMaster=auto -o ControlPersist=60s -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile="
        environment = {
            **os.environ,
            "ANSIBLE_FORKS": "32",
            "ANSIBLE_SSH_ARGS": f"{ssh}{self.path.parent / KNOWN_HOSTS}",
        }
        if strategy_plugins:
            environment |= {"ANSIBLE_STRATEGY_PLUGINS": strategy_plugins, "ANSIBLE_STRATEGY": "mitogen_linear"}
        process = await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", self.namespace, *alone, str(program), "-i", "inventory.json", str(self.path)),
            cwd=self.path.parent,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        async with asyncio.timeout(DEADLINE_SECONDS):
            printed = (await process.communicate())[0].decode()
        recap = [tuple(map(int, numbers)) for numbers in _RECAP.findall(printed)]
        if process.returncode or not recap:
            raise RuntimeError(f"ansible-playbook ended with {process.returncode}:\n{printed[-4000:]}")
        return sum(ok for ok, _, _ in recap)
