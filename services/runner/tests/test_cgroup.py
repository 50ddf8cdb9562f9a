"""Control groups: which there are, and that they hold and end what is in them."""

import asyncio

import pytest

from services.runner.adapters.sandbox.cgroup import ControlGroups, Hierarchy, Limits, found_hierarchies

HYBRID = """
30 25 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro
31 30 0:27 / /sys/fs/cgroup/unified rw shared:5 - cgroup2 cgroup2 rw
32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
33 30 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
34 30 0:30 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer
""".strip()
LIMITS = Limits(memory_bytes=256 << 20, processes=50, processors=1.0)


def test_a_mixed_layout_is_read_as_it_is() -> None:
    found = found_hierarchies(HYBRID, "9:name=systemd:/\n8:pids:/deep/er\n2:cpu,cpuacct:/\n0::/\n")
    assert [(str(one.folder), one.unified, sorted(one.controllers)) for one in found] == [
        ("/sys/fs/cgroup/unified", True, []),
        ("/sys/fs/cgroup/cpu,cpuacct", False, ["cpu"]),
        ("/sys/fs/cgroup/pids/deep/er", False, ["pids"]),
    ]


def test_what_can_not_be_limited_is_named(tmp_path) -> None:
    closed = Hierarchy(tmp_path / "nowhere", False, frozenset({"memory"}))
    group = ControlGroups("test", (closed,)).create("run_1", LIMITS)
    assert (group.folders, group.missing) == ((), ("cpu", "memory", "pids"))
    assert not group.ran_out_of_memory() and group.processes() == set()


async def test_everything_in_it_is_ended_and_it_is_gone() -> None:
    groups = ControlGroups("test-end")
    group = groups.create("run_1", LIMITS)
    if not group.folders:
        pytest.skip("no control group may be made here")
    enter = " ".join(f"{entrance}" for entrance in group.entrances())
    shell = f"for g in {enter}; do echo $$ > $g; done; (trap '' TERM; setsid sleep 60) & sleep 60"
    process = await asyncio.create_subprocess_exec("/bin/sh", "-c", shell)
    async with asyncio.timeout(5):
        while len(group.processes()) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert await groups.end_all() == 1
    assert await process.wait() != 0
    assert not any(folder.exists() for folder in group.folders)
