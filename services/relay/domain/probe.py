"""Is there an SSH server on a host, and which host keys does it show?"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import asyncssh

from services.relay.domain.clouds import Clouds, Target

_BANNER_LINES = 10
"""A server may send other lines before its identification (RFC 4253, section 4.2); we read so many and no more."""
_LINE_BYTES = 256
_KEY_KINDS = ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512"]
"""Best first."""


@dataclass(frozen=True)
class Probe:
    """What one host answered. ``host_keys`` are lines as in ``known_hosts``, without the host's name."""

    host_id: str
    reachable: bool
    banner: str | None
    host_keys: tuple[str, ...]
    reason: str | None


async def probe_all(
    clouds: Clouds, cloud_id: str, targets: Sequence[Target], seconds: float, at_once: int
) -> list[Probe]:
    """Probe every target, ``at_once`` at a time, each for at most ``seconds``; the answers come in the same order."""
    places = asyncio.Semaphore(at_once)

    async def one(target: Target) -> Probe:
        async with places:
            return await probe(clouds, cloud_id, target, seconds)

    return await asyncio.gather(*(one(target) for target in targets))


async def probe(clouds: Clouds, cloud_id: str, target: Target, seconds: float) -> Probe:
    """Probe one target; whatever goes wrong on the way there is a ``reason``, not an exception."""
    try:
        async with asyncio.timeout(seconds):
            banner = await _banner(clouds, cloud_id, target, seconds)
            keys = await _host_keys(clouds, cloud_id, target, seconds)
    except TimeoutError:
        return _unreachable(target, f"No SSH banner at {target.address}:{target.port} within {seconds:g} s.")
    except (OSError, asyncssh.Error) as error:
        return _unreachable(target, f"{target.address}:{target.port}: {error}.")
    return Probe(target.host_id, True, banner, keys, None)


def _unreachable(target: Target, reason: str) -> Probe:
    return Probe(target.host_id, False, None, (), reason)


async def _banner(clouds: Clouds, cloud_id: str, target: Target, seconds: float) -> str:
    reader, writer = await asyncio.open_connection(sock=await clouds.dial(cloud_id, target, seconds), limit=_LINE_BYTES)
    try:
        for _ in range(_BANNER_LINES):
            line = (await reader.readline()).decode("ascii", "replace").strip()
            if line.startswith("SSH-"):
                return line
    except ValueError as error:
        raise ConnectionError("what answers is no SSH server") from error
    finally:
        writer.close()
    raise ConnectionError("what answers is no SSH server")


async def _host_keys(clouds: Clouds, cloud_id: str, target: Target, seconds: float) -> tuple[str, ...]:
    """Return the key that the server shows to a client which prefers Ed25519; raises asyncssh.Error if none fits."""
    key = await asyncssh.get_server_host_key(
        sock=await clouds.dial(cloud_id, target, seconds), server_host_key_algs=_KEY_KINDS, config=None
    )
    return (key.export_public_key().decode().strip(),) if key else ()
