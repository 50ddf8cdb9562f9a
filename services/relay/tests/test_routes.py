"""The relay as its callers see it: a whole process on a port, passes and all."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import websockets

from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.relay.config import CloudSettings
from services.relay.main import SERVICE
from tests.support.sshd import Floor


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "keys")


@pytest.fixture
async def relay(authority: Authority, hosts_floor: Floor, tmp_path: Path) -> AsyncIterator[RunningService]:
    clouds = {"alpha": CloudSettings(("10.99.1.0/24",), hosts_floor.namespace)}
    async with running(SERVICE, authority, clouds=clouds, sockets_folder=str(tmp_path / "sockets")) as one:
        yield one


@pytest.fixture
def headers(authority: Authority) -> dict[str, str]:
    return authority.pass_for("usr_1", "relay", projects={"prj_a": ["host.connect"]}, service="runner")


@pytest.fixture
def stranger(authority: Authority) -> dict[str, str]:
    return authority.pass_for("usr_2", "relay", projects={"prj_b": ["host.connect"]}, service="runner")


def body(**changed: Any) -> dict[str, Any]:
    return {
        "session_id": "run_1",
        "operation_id": "op_1",
        "project_id": "prj_a",
        "cluster_id": "clu_1",
        "cloud_id": "alpha",
        "hosts": [{"host_id": "hst_1", "name": "c1", "address": "10.99.1.11"}],
        "expires_at": (datetime.now(UTC) + timedelta(seconds=60)).isoformat(),
        **changed,
    }


async def test_a_session_is_opened_listed_and_closed(relay: RunningService, headers: dict[str, str]) -> None:
    opened = await relay.client.post("/internal/streams", headers=headers, json=body())
    assert opened.status_code == 201, opened.text
    socket = Path(opened.json()["folder"]) / "c1.sock"
    reader, _ = await asyncio.open_unix_connection(str(socket))
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"SSH-2.0-")

    (listed,) = (await relay.client.get("/internal/streams", headers=headers)).json()["items"]
    assert (listed["session_id"], listed["purpose"], listed["hosts"]) == ("run_1", "run", ["c1"])
    assert listed["holder"] == "usr_1 by runner"
    assert listed["connections"] == 1 and listed["bytes_from_hosts"] > 0

    assert (await relay.client.delete("/internal/streams/run_1", headers=headers)).status_code == 204
    assert not socket.exists()
    assert (await relay.client.get("/internal/streams", headers=headers)).json()["items"] == []


async def test_another_project_neither_sees_nor_closes_nor_uses_it(
    relay: RunningService, headers: dict[str, str], stranger: dict[str, str]
) -> None:
    await relay.client.post("/internal/streams", headers=headers, json=body())
    assert (await relay.client.get("/internal/streams", headers=stranger)).json()["items"] == []
    assert (await relay.client.delete("/internal/streams/run_1", headers=stranger)).status_code == 404
    assert (await relay.client.post("/internal/streams", headers=stranger, json=body())).status_code == 403
    assert len((await relay.client.get("/internal/streams", headers=headers)).json()["items"]) == 1


async def test_a_mandate_opens_streams_of_its_own_operation_only(relay: RunningService, authority: Authority) -> None:
    grants = {"prj_a": ["host.connect"]}
    mandate = authority.mandate_for("usr_1", "runner", projects=grants, operation_id="op_1")
    headers = authority.hop_for(mandate, "relay", service="runner")
    assert (await relay.client.post("/internal/streams", headers=headers, json=body())).status_code == 201
    other = body(session_id="run_2", operation_id="op_2")
    assert (await relay.client.post("/internal/streams", headers=headers, json=other)).status_code == 403


async def test_everything_wrong_is_said_at_once(relay: RunningService, headers: dict[str, str]) -> None:
    hosts = [
        {"host_id": "hst_1", "name": "../c1", "address": "10.99.1.11"},
        {"host_id": "hst_2", "name": "c2", "address": "10.99.1.12", "port": 70000},
        {"host_id": "hst_3", "name": "c2", "address": "10.99.1.12"},
    ]
    refused = await relay.client.post("/internal/streams", headers=headers, json=body(hosts=hosts))
    assert refused.status_code == 422
    pointers = [error["pointer"] for error in refused.json()["errors"]]
    assert pointers == ["/hosts/0/name", "/hosts/1/port", "/hosts/2/name"]
    path = await relay.client.post("/internal/streams", headers=headers, json=body(session_id="../../x"))
    assert path.status_code == 422


async def test_an_address_outside_the_cloud_is_refused(relay: RunningService, headers: dict[str, str]) -> None:
    hosts = [{"host_id": "hst_1", "name": "c1", "address": "127.0.0.1"}]
    refused = await relay.client.post("/internal/streams", headers=headers, json=body(hosts=hosts))
    assert (refused.status_code, refused.json()["code"]) == (422, "address-outside-cloud")
    probe = {key: body(hosts=hosts)[key] for key in ("project_id", "cluster_id", "cloud_id", "hosts")}
    refused = await relay.client.post("/internal/probes", headers=headers, json=probe)
    assert (refused.status_code, refused.json()["code"]) == (422, "address-outside-cloud")


async def test_probes_answer_for_each_host(relay: RunningService, headers: dict[str, str], hosts_floor: Floor) -> None:
    hosts = [
        {"host_id": "hst_1", "name": "c1", "address": "10.99.1.11"},
        {"host_id": "hst_2", "name": "dead", "address": "10.99.1.99"},
    ]
    asked = {key: body(hosts=hosts)[key] for key in ("project_id", "cluster_id", "cloud_id", "hosts")}
    alive, dead = (await relay.client.post("/internal/probes", headers=headers, json=asked)).json()["items"]
    assert alive["reachable"] and alive["host_keys"] == [hosts_floor.hosts["c1"].public_key]
    assert not dead["reachable"] and "10.99.1.99" in dead["reason"]


async def test_a_websocket_is_a_connection_to_the_host(
    relay: RunningService, headers: dict[str, str], stranger: dict[str, str]
) -> None:
    await relay.client.post("/internal/streams", headers=headers, json=body())
    url = f"{relay.url.replace('http', 'ws')}/internal/connections?session=run_1&host="
    async with websockets.connect(f"{url}c1", additional_headers=headers) as frames:
        banner = await asyncio.wait_for(frames.recv(), 5)
        assert isinstance(banner, bytes) and banner.startswith(b"SSH-2.0-")
        await frames.send(b"SSH-2.0-test\r\n")
        assert await asyncio.wait_for(frames.recv(), 5)
        await relay.client.delete("/internal/streams/run_1", headers=headers)
        with pytest.raises(websockets.ConnectionClosed):
            async with asyncio.timeout(2):
                while True:
                    await frames.recv()
    for host, who in (("c1", headers), ("c1", stranger)):
        async with websockets.connect(f"{url}{host}", additional_headers=who) as frames:
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(frames.recv(), 5)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008
