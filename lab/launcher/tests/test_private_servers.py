"""The private servers start, are adopted, survive a kill, stop, and leave nothing running."""

import asyncio
import contextlib
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from lab.launcher.postgres import PrivatePostgres
from lab.launcher.processes import ServerFailed, free_port
from lab.launcher.rabbitmq import PrivateRabbit


def processes_that_mention(text):
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if text.encode() in command.read_bytes():
                found.append(command)
    return found


async def test_postgres_keeps_its_data_when_killed_and_stops_without_a_trace(tmp_path):
    server = PrivatePostgres(tmp_path / "pg", free_port())
    server.start()
    try:
        connection = await asyncpg.connect(server.admin_dsn)
        await connection.execute("CREATE TABLE t (n int); INSERT INTO t VALUES (7)")
        await connection.close()
        again = PrivatePostgres(tmp_path / "pg", server.port)
        again.start()
        assert again.pid == server.pid
        server.kill()
        assert not server.running()
        server.start()
        connection = await asyncpg.connect(server.admin_dsn)
        assert await connection.fetchval("SELECT n FROM t") == 7
        await connection.close()
    finally:
        server.stop()
    assert processes_that_mention(str(tmp_path)) == []
    assert {path.name for path in (tmp_path / "pg").iterdir()} == {"data", "postgres.log", "superuser-password"}


async def test_postgres_starts_once_the_last_process_of_a_killed_one_is_gone(tmp_path):
    server = PrivatePostgres(tmp_path / "pg", free_port(), durable=False)
    server.start()
    try:
        connection = await asyncpg.connect(server.admin_dsn)
        late = await connection.fetchval("SELECT pg_backend_pid()")
        os.kill(late, signal.SIGSTOP)
        server.kill()
        starting = asyncio.create_task(asyncio.to_thread(server.start))
        await asyncio.sleep(0.5)
        assert not starting.done()
        os.kill(late, signal.SIGCONT)
        await starting
        assert server.running()
        connection.terminate()
    finally:
        server.stop()


async def test_postgres_asks_for_the_password(tmp_path):
    server = PrivatePostgres(tmp_path / "pg", free_port(), durable=False)
    server.start()
    try:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://postgres:guess@127.0.0.1:{server.port}/postgres")
    finally:
        server.stop()


def test_postgres_runs_for_a_user_who_is_not_root(tmp_path):
    code = (
        "import sys; from pathlib import Path; from lab.launcher.postgres import PrivatePostgres\n"
        "server = PrivatePostgres(Path(sys.argv[1]), int(sys.argv[2])); server.start(); print(server.running())\n"
        "server.stop(); print(server.running())"
    )
    nobody = pwd.getpwnam("nobody")
    mapped = ["unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}"]
    as_user = mapped if os.geteuid() == 0 else []
    command = [*as_user, sys.executable, "-c", code, str(tmp_path / "pg"), str(free_port())]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PYTHONPATH": ":".join(sys.path)})
    assert said.stdout.split() == ["True", "False"], said.stderr


async def test_a_port_in_use_is_told_with_the_servers_own_words(tmp_path):
    server = PrivatePostgres(tmp_path / "one", free_port(), durable=False)
    server.start()
    try:
        with pytest.raises(ServerFailed, match="could not bind"):
            PrivatePostgres(tmp_path / "two", server.port, durable=False).start(5)
    finally:
        server.stop()


def test_rabbit_survives_a_kill_and_stops_without_a_trace(tmp_path):
    broker = PrivateRabbit(tmp_path / "mq", free_port())
    broker.start()
    try:
        again = PrivateRabbit(tmp_path / "mq", broker.port)
        again.start()
        assert again.pid == broker.pid and again.url == broker.url
        broker.kill()
        assert not broker.running()
        broker.start()
        assert broker.running()
    finally:
        PrivateRabbit(tmp_path / "mq", broker.port).stop()
        broker.stop()
    assert processes_that_mention(str(tmp_path)) == []
    assert processes_that_mention(f"-port\0{broker.port + 2}") == []
