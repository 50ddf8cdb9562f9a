"""secrets: the values that elements need, and a certificate for a run's own key."""

import asyncio
from dataclasses import dataclass
from typing import Any

import asyncssh

from services.chassis.auth.credentials import Mandate
from services.chassis.context import Process
from services.contracts.runs import StartRun
from services.contracts.secrets import Certificate, ReadSecrets, SecretValues, SignRequest


@dataclass(frozen=True)
class SshIdentity:
    """A key that lives as long as a run, and its certificate, both as text. Never written to a disk."""

    private_key: str
    certificate: str


class Secrets:
    """Reads secrets and has keys signed, for runs."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def values(self, run: StartRun, mandate: Mandate) -> dict[tuple[str, str], str]:
        """Return the values of a run's secrets, by element and local name."""
        wanted = {(element.name, name) for element in run.elements for name in element.secrets}
        if not wanted:
            return {}
        names = sorted(f"{element}/{name}" for element, name in wanted)
        answer = await self._post(run, "secrets/read", SecretValues, ReadSecrets(run.project_id, names), mandate)
        return {(element, name): answer.values[f"{element}/{name}"] for element, name in wanted}

    async def identity(self, run: StartRun, mandate: Mandate, seconds: int) -> SshIdentity:
        """Return a fresh key with a certificate for the run's hosts, good for ``seconds``."""
        key = await asyncio.to_thread(asyncssh.generate_private_key, "ssh-ed25519", run.run_id)
        body = SignRequest(
            project_id=run.project_id,
            cluster_id=run.cluster.id,
            public_key=key.export_public_key().decode().strip(),
            operation_id=run.operation_id,
            principals=[host.name for host in run.hosts],
            seconds=seconds,
        )
        answer = await self._post(run, "certificates", Certificate, body, mandate)
        return SshIdentity(key.export_private_key().decode(), answer.certificate.strip() + "\n")

    async def _post(self, run: StartRun, path: str, wanted: Any, body: Any, mandate: Mandate) -> Any:
        return await self._process.client("secrets").call(
            "POST",
            f"/internal/clusters/{run.cluster.id}/{path}",
            wanted,
            authority=mandate,
            body=body,
            idempotency_key=f"{run.run_id}-{path}",
        )
