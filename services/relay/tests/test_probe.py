"""Probes against real SSH servers, and against what is none."""

import asyncio

from services.relay.domain.clouds import Clouds, Target
from services.relay.domain.probe import probe_all
from tests.support.sshd import Floor


async def test_probe_tells_banner_and_the_real_host_key(clouds: Clouds, hosts_floor: Floor) -> None:
    alive = Target("hst_1", "c1", "10.99.1.11", 22)
    dead = Target("hst_2", "dead", "10.99.1.99", 22)
    closed = Target("hst_3", "closed", "10.99.1.12", 23)
    found = await probe_all(clouds, "alpha", [alive, dead, closed], seconds=2, at_once=8)
    assert [probe.host_id for probe in found] == ["hst_1", "hst_2", "hst_3"]
    assert found[0].reachable and found[0].banner and found[0].banner.startswith("SSH-2.0-")
    assert found[0].host_keys == (hosts_floor.hosts["c1"].public_key,)
    assert [probe.reachable for probe in found[1:]] == [False, False]
    assert found[2].reason and "10.99.1.12:23" in found[2].reason


async def test_what_speaks_no_ssh_is_not_reachable(clouds: Clouds, hosts_floor: Floor) -> None:
    speaker = await asyncio.create_subprocess_exec(
        *("ip", "netns", "exec", hosts_floor.namespace, "socat"),
        *("TCP-LISTEN:2222,bind=10.99.1.11,fork,reuseaddr", "SYSTEM:yes hello"),
    )
    await asyncio.sleep(0.3)
    target = Target("hst_1", "c1", "10.99.1.11", 2222)
    (found,) = await probe_all(clouds, "alpha", [target], seconds=2, at_once=1)
    speaker.kill()
    await speaker.wait()
    assert not found.reachable
    assert found.reason and "no SSH server" in found.reason
