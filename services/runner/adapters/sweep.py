"""End what a run has started on a host: by a fresh connection, every process that carries the run's mark.

Closing a connection is not enough. sshd sends a hangup to a session with a terminal only, and Ansible's have none: the
remote command would live on. The mark is an environment variable, which children inherit.
"""

import asyncio
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from services.contracts.runs import RunHost
from services.runner.adapters.secrets import SshIdentity

_ROUNDS = 30
_SCRIPT = """
mark='{name}={value}'; round=0
while [ $round -lt {rounds} ]; do
  found=
  for folder in /proc/[0-9]*; do
    pid=${{folder#/proc/}}
    [ "$pid" = $$ ] && continue
    if tr '\\0' '\\n' 2>/dev/null < $folder/environ | grep -qxF "$mark"; then
      found=1
      if [ $round -lt 10 ]; then kill -TERM $pid 2>/dev/null; else kill -KILL $pid 2>/dev/null; fi
    fi
  done
  [ -z "$found" ] && exit 0
  round=$((round + 1)); sleep 0.2
done
exit 1
"""
"""Two seconds to end by itself, then it is killed; it has ended when no process with the mark is left."""


@dataclass(frozen=True)
class Access:
    """How to reach the hosts of a run: the folder of sockets, the run's identity, the user to log in as."""

    folder: Path
    identity: SshIdentity
    user: str


async def sweep(
    access: Access, hosts: Sequence[RunHost], name: str, value: str, *, seconds: float, at_once: int = 16
) -> dict[str, str]:
    """End every process whose environment has ``name=value`` on each host.

    Returns the hosts on which that is not certain, each with the reason.
    """
    places = asyncio.Semaphore(at_once)
    command = _SCRIPT.format(name=name, value=value, rounds=_ROUNDS)

    async def one(host: RunHost) -> tuple[str, str | None]:
        async with places:
            return host.name, await _run(access, host, name, command, seconds)

    answers = await asyncio.gather(*(one(host) for host in hosts))
    return {host: reason for host, reason in answers if reason}


async def _run(access: Access, host: RunHost, name: str, command: str, seconds: float) -> str | None:
    try:
        async with asyncio.timeout(seconds), await _connect(access, host) as connection:
            marked = await connection.run(f'test "${name}" = marked', env={name: "marked"}, stdin=asyncssh.DEVNULL)
            if marked.exit_status != 0:
                return f"its sshd does not take {name} from clients (AcceptEnv), so nothing there can be told apart"
            ended = await connection.run(f"sh -c {_quoted(command)}", stdin=asyncssh.DEVNULL)
    except TimeoutError:
        return f"no answer within {seconds:g} s"
    except (OSError, asyncssh.Error) as error:
        return str(error) or type(error).__name__
    return None if ended.exit_status == 0 else "processes do not end"


async def _connect(access: Access, host: RunHost) -> asyncssh.SSHClientConnection:
    key = asyncssh.import_private_key(access.identity.private_key)
    certificate = asyncssh.import_certificate(access.identity.certificate)
    pinned = [asyncssh.import_public_key(line) for line in host.host_keys]
    return await asyncssh.connect(
        host.name,
        sock=await _socket(access.folder, f"{host.name}.sock"),
        username=access.user,
        client_keys=[(key, certificate)],
        known_hosts=(pinned, [], []),
        agent_path=None,
        config=None,
    )


async def _socket(folder: Path, name: str) -> socket.socket:
    """Connect by the folder's descriptor: a socket's whole path may be longer than its address can be (unix(7))."""
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    opened.setblocking(False)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        await asyncio.get_running_loop().sock_connect(opened, f"/proc/self/fd/{descriptor}/{name}")
    except BaseException:
        opened.close()
        raise
    finally:
        os.close(descriptor)
    return opened


def _quoted(command: str) -> str:
    return "'" + command.replace("'", "'\\''") + "'"
