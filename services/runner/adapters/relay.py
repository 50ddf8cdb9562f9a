"""relay: the streams of one run to its hosts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.chassis.auth.credentials import Mandate
from services.chassis.context import Process
from services.contracts.runs import OpenStreams, StartRun, StreamHost, StreamSession


class Relay:
    """Opens and closes the streams of runs. A session's id is its run's."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def open(self, run: StartRun, mandate: Mandate, seconds: float) -> Path:
        """Return the folder with a socket for each host, good for ``seconds``."""
        hosts = [StreamHost(host_id=h.id, name=h.name, address=h.address, port=h.port) for h in run.hosts]
        body = OpenStreams(
            session_id=run.run_id,
            operation_id=run.operation_id,
            project_id=run.project_id,
            cluster_id=run.cluster.id,
            cloud_id=run.cloud_id,
            hosts=hosts,
            expires_at=datetime.now(UTC) + timedelta(seconds=seconds),
            purpose=f"{run.phase} {', '.join(dict.fromkeys(element.name for element in run.elements))}"[:200],
        )
        opened = await self._process.client("relay").call(
            "POST", "/internal/streams", StreamSession, authority=mandate, body=body, idempotency_key=run.run_id
        )
        return Path(opened.folder)

    async def close(self, run: StartRun, mandate: Mandate) -> None:
        """Close the streams and drop what is connected; none is fine."""
        path = f"/internal/streams/{run.run_id}"
        await self._process.client("relay").call("DELETE", path, type(None), authority=mandate)
