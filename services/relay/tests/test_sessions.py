"""Sessions against real SSH servers in another network namespace."""

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.relay.domain.clouds import Clouds, Target
from services.relay.domain.registry import Sessions
from services.relay.domain.session import Session, Terms
from services.relay.exceptions import AddressOutsideCloud, SessionExpired, TooManySessions, UnknownCloud

C1 = Target("hst_1", "c1", "10.99.1.11", 22)
C2 = Target("hst_2", "c2", "10.99.1.12", 22)
DEAD = Target("hst_3", "dead", "10.99.1.99", 22)


def terms(session_id: str = "run_1", seconds: float = 60, cloud: str = "alpha") -> Terms:
    expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
    return Terms(session_id, "prj_a", "run", "runner", "op_1", "clu_1", cloud, expires_at)


async def greet(session: Session, host: str) -> tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_unix_connection(str(session.folder / f"{host}.sock"))
    async with asyncio.timeout(5):
        return await reader.readline(), reader, writer


async def test_a_socket_leads_to_its_own_host(sessions: Sessions) -> None:
    session = await sessions.open(terms(), [C1, C2])
    for host in ("c1", "c2"):
        banner, _, writer = await greet(session, host)
        assert banner.startswith(b"SSH-2.0-OpenSSH")
        writer.close()
    assert session.traffic.from_host > 0


async def test_nobody_else_on_this_machine_reaches_the_sockets(sessions: Sessions) -> None:
    session = await sessions.open(terms(), [C1])
    assert stat.S_IMODE(session.folder.parent.stat().st_mode) == 0o700
    command = f"socat - UNIX-CONNECT:{session.folder}/c1.sock"
    process = await asyncio.create_subprocess_shell(
        command, user=65534, group=65534, extra_groups=[], stderr=asyncio.subprocess.PIPE
    )
    _, error = await asyncio.wait_for(process.communicate(), 5)
    assert b"Permission denied" in error


async def test_close_drops_connections_and_sockets_at_once(sessions: Sessions) -> None:
    session = await sessions.open(terms(), [C1])
    _, reader, _ = await greet(session, "c1")
    await sessions.close("run_1")
    async with asyncio.timeout(1):
        with pytest.raises(ConnectionError):
            if await reader.read() == b"":
                raise ConnectionResetError
    assert not session.folder.exists()
    assert sessions.all() == []


async def test_a_dead_host_refuses_and_the_session_goes_on(sessions: Sessions) -> None:
    session = await sessions.open(terms(), [DEAD, C1])
    banner, _, _ = await greet(session, "dead")
    assert banner == b""
    assert (await greet(session, "c1"))[0].startswith(b"SSH-")


async def test_a_host_takes_only_so_many_connections(sessions: Sessions) -> None:
    session = await sessions.open(terms(), [C1])
    first, second = await greet(session, "c1"), await greet(session, "c1")
    third = await greet(session, "c1")
    assert first[0] and second[0] and not third[0]
    assert session.connections == 2


async def test_only_addresses_of_the_cloud_are_taken(sessions: Sessions) -> None:
    for address in ("127.0.0.1", "169.254.169.254", "10.99.2.1", "c1.example", "::1"):
        with pytest.raises(AddressOutsideCloud):
            await sessions.open(terms(), [Target("hst_1", "c1", address, 22)])
    with pytest.raises(UnknownCloud):
        await sessions.open(terms(cloud="gamma"), [C1])
    assert sessions.all() == []


async def test_a_session_ends_when_it_expires(sessions: Sessions) -> None:
    session = await sessions.open(terms(seconds=0.2), [C1])
    await greet(session, "c1")
    expiring = asyncio.create_task(sessions.expire_forever(0.05))
    async with asyncio.timeout(2):
        while sessions.all() or session.folder.exists():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    expiring.cancel()
    assert sessions.find("run_1") is None
    with pytest.raises(SessionExpired):
        await sessions.open(terms(seconds=-1), [C1])


async def test_asking_twice_leaves_one_session(sessions: Sessions) -> None:
    first = await sessions.open(terms(), [C1])
    await greet(first, "c1")
    second = await sessions.open(terms(), [C1, C2])
    assert sessions.all() == [second]
    assert sorted(entry.name for entry in second.folder.iterdir()) == ["c1.sock", "c2.sock"]


async def test_there_is_a_limit_of_sessions(sessions: Sessions) -> None:
    for number in range(3):
        await sessions.open(terms(f"run_{number}"), [C1])
    with pytest.raises(TooManySessions):
        await sessions.open(terms("run_9"), [C1])


async def test_a_new_process_removes_what_the_old_one_left(sessions: Sessions, clouds: Clouds, tmp_path: Path) -> None:
    session = await sessions.open(terms(), [C1])
    registry = Sessions(clouds, tmp_path / "sockets", sessions_at_most=3, connections_per_host=2)
    registry.prepare()
    assert not session.folder.exists()
    assert list((tmp_path / "sockets").iterdir()) == []


async def test_a_long_path_is_no_obstacle(clouds: Clouds, tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 100) / "sockets"
    registry = Sessions(clouds, deep, sessions_at_most=3, connections_per_host=2)
    registry.prepare()
    session = await registry.open(terms(), [Target("hst_1", "n" * 63, "10.99.1.11", 22)])
    assert (session.folder / f"{'n' * 63}.sock").is_socket()
    await registry.close_all()
