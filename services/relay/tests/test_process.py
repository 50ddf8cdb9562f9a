"""The relay as a process of its own, killed and started again."""

import asyncio
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import yaml

from services.chassis.testing.authority import Authority
from services.chassis.testing.waiting import until
from tests.support.sshd import Floor, free_port


async def start(config: Path, client: httpx.AsyncClient) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.relay", "serve", "--config", str(config)), stdout=asyncio.subprocess.DEVNULL
    )

    async def ready() -> bool:
        try:
            return (await client.get("/readyz")).status_code == 200
        except httpx.HTTPError:
            return False

    await until(ready, seconds=20)
    return process


async def test_a_killed_relay_comes_back_with_no_session(hosts_floor: Floor, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "keys")
    port, sockets = free_port(), tmp_path / "sockets"
    settings = {
        "listen": {"port": port},
        "auth": msgspec.to_builtins(authority.settings("relay")),
        "clouds": {"alpha": {"networks": ["10.99.1.0/24"], "network_namespace": hosts_floor.namespace}},
        "sockets_folder": str(sockets),
    }
    (tmp_path / "relay.yaml").write_text(yaml.safe_dump(settings))
    headers = authority.pass_for("usr_1", "relay", projects={"prj_a": ["host.connect"]}, service="runner")
    body = {
        **{"session_id": "run_1", "operation_id": "op_1", "project_id": "prj_a", "cluster_id": "clu_1"},
        "cloud_id": "alpha",
        "hosts": [{"host_id": "hst_1", "name": "c1", "address": "10.99.1.11"}],
        "expires_at": (datetime.now(UTC) + timedelta(seconds=60)).isoformat(),
    }
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        first = await start(tmp_path / "relay.yaml", client)
        folder = (await client.post("/internal/streams", headers=headers, json=body)).json()["folder"]
        reader, _ = await asyncio.open_unix_connection(f"{folder}/c1.sock")
        assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"SSH-2.0-")
        first.send_signal(signal.SIGKILL)
        await first.wait()
        assert list(sockets.iterdir())

        second = await start(tmp_path / "relay.yaml", client)
        assert list(sockets.iterdir()) == []
        assert (await client.get("/internal/streams", headers=headers)).json() == {"items": []}
        opened = await client.post("/internal/streams", headers=headers, json=body)
        assert opened.status_code == 201
        second.terminate()
        assert await asyncio.wait_for(second.wait(), 15) == 0
        assert list(sockets.iterdir()) == []
