"""What the tests of runs ask of the platform, in a test's own words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from services.authz.config import KnownService
from services.chassis.db import DatabaseSettings
from services.chassis.ids import new_id
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.runner.config import AnsibleRuntimeSettings, SandboxSettings
from services.runner.main import SERVICE as RUNNER
from tests.support.sshd import Floor

ELEMENTS = Path(__file__).parent / "elements"
PROJECT, CLUSTER, OPERATION = "prj_a", "clu_1", "op_1"
_GRANTS = {PROJECT: ["run.control", "host.connect", "authority.sign", "authority.use", "blueprint.read"]}
_ENDED = {"succeeded", "failed", "cancelled", "lost"}


@dataclass
class Platform:
    """authz, secrets and relay at work, and hosts that trust the cluster's authority."""

    authority: Authority
    floor: Floor
    folder: Path
    authz_url: str
    secrets: RunningService
    relay: RunningService
    ansible: Path

    @staticmethod
    def authz_settings(manifest: dict[str, Any], database: DatabaseSettings) -> dict[str, Any]:
        return {"manifest": msgspec.convert(manifest, dict[str, KnownService]), "database": database}

    @property
    def services(self) -> dict[str, str]:
        return {"authz": self.authz_url, "secrets": self.secrets.url, "relay": self.relay.url}

    def headers(self, audience: str) -> dict[str, str]:
        """Return what the cluster service sends along, for a person's operation."""
        return self.authority.hop_for(self.mandate("cluster"), audience, service="cluster")

    def mandate(self, service: str, operation_id: str = OPERATION) -> str:
        """Return a mandate for a person's operation that a service holds."""
        return self.authority.mandate_for(
            "usr_1", service, projects=_GRANTS, operation_id=operation_id, seconds=7 * 86_400
        )

    async def trust_cluster(self, **secrets: int) -> None:
        """Make the cluster's authority and have the hosts trust it, as their user data would."""
        specs = [{"name": "keeper/token", "kind": "random-bytes", "length": 24}]
        body = {"project_id": PROJECT, "cluster_id": CLUSTER, "secrets": specs}
        path = f"/internal/clusters/{CLUSTER}/authority"
        answer = await self.secrets.client.put(path, headers=self.headers("secrets"), json=body)
        assert answer.status_code == 200, answer.text
        self.floor.authority.with_suffix(".pub").write_text(answer.json()["public_key"] + "\n")

    async def secret(self, name: str) -> str:
        """Return the base64 text of a secret of the cluster."""
        path = f"/internal/clusters/{CLUSTER}/secrets/read"
        body = {"project_id": PROJECT, "names": [name]}
        answer = await self.secrets.client.post(path, headers=self.headers("secrets"), json=body)
        return str(answer.json()["values"][name])

    @asynccontextmanager
    async def runner(self, database: DatabaseSettings, **changed: Any) -> AsyncIterator["Runner"]:
        """Run the runner while the block runs."""
        settings = {
            "ansible": AnsibleRuntimeSettings(str(self.ansible)),
            "sandbox": SandboxSettings(memory_bytes=512 << 20, folder_bytes=128 << 20),
            "elements_folder": str(ELEMENTS),
            "cache_folder": str(self.folder / "cache"),
            "name": "test",
            "beat_seconds": 0.2,
            "sweep_seconds": 8.0,
            "services": self.services,
            **changed,
        }
        async with running(RUNNER, self.authority, database=database, **settings) as one:
            yield Runner(self, one)

    def host(self, name: str, role: str = "compute") -> dict[str, Any]:
        """Return a host as a run names it; one that is called dead has an address where nobody is."""
        common = {"id": f"hst_{name}", "name": name, "role": role}
        if name == "dead":
            nobody = self.floor.hosts["c1"].public_key
            return {**common, "address": "10.99.7.99", "host_keys": [nobody]}
        host = self.floor.hosts[name]
        return {**common, "address": host.address, "host_keys": [host.public_key]}


def element(name: str, hosts: list[str], values: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """Return an element of a run."""
    return {"name": name, "version": "1.0.0", "hosts": hosts, "values": values or {}, **changed}


@dataclass
class Runner:
    """A running runner."""

    platform: Platform
    service: RunningService

    @property
    def client(self) -> httpx.AsyncClient:
        return self.service.client

    def request(self, elements: list[dict[str, Any]], **changed: Any) -> dict[str, Any]:
        """Return the body that starts a run on all hosts that its elements name."""
        names = dict.fromkeys(host for one in elements for host in one["hosts"])
        return {
            "run_id": new_id("run"),
            "operation_id": OPERATION,
            "project_id": PROJECT,
            "cloud_id": "alpha",
            "cluster": {"id": CLUSTER, "name": "demo"},
            "phase": "apply",
            "hosts": [self.platform.host(name) for name in names if name in (*self.platform.floor.hosts, "dead")],
            "elements": elements,
            **changed,
        }

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.client.post(path, headers=self.platform.headers("runner"), json=body)

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.client.get(path, headers=self.platform.headers("runner"), params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def start(self, elements: list[dict[str, Any]], **changed: Any) -> str:
        """Start a run and return its id."""
        body = self.request(elements, **changed)
        answer = await self.post("/internal/runs", body)
        assert answer.status_code == 202, answer.text
        return str(body["run_id"])

    async def finish(self, run_id: str, seconds: float = 40) -> dict[str, Any]:
        """Return the run when it has ended."""
        async with asyncio.timeout(seconds):
            while True:
                run: dict[str, Any] = await self.get(f"/internal/runs/{run_id}")
                if run["state"] in _ENDED:
                    return run
                await asyncio.sleep(0.05)

    async def run(self, elements: list[dict[str, Any]], **changed: Any) -> dict[str, Any]:
        """Start a run and return it when it has ended."""
        return await self.finish(await self.start(elements, **changed))

    async def log(self, run_id: str) -> str:
        return str((await self.get(f"/internal/runs/{run_id}/log"))["text"])


def states(run: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Return the matrix: the state by element and host."""
    return {(cell["element"], cell["host"]): cell["state"] for cell in run["cells"]}


def files_below(folder: Path) -> list[Path]:
    """Return every file below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def exists(path: str) -> bool:
    """Say whether something is at ``path``."""
    return Path(path).exists()
