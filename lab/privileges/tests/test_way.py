"""Which way is taken, as an ordinary user notices it."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from lab.privileges.needs import WANTED_IDS, shortcomings
from lab.privileges.tests.ordinary_user import NAME, OrdinaryUser, ordinary_user
from lab.rack.tests.bench import wait_for

DESCRIBE = "from lab.privileges.identity import described; print(described())"
AS_ROOT = ("-m", "lab.privileges", "id", "-u")
NAMESPACES = "readlink /proc/self/ns/user /proc/self/ns/mnt /proc/self/ns/cgroup"


def test_who_can_do_neither_is_told_all_that_is_missing() -> None:
    with ordinary_user(delegated=False, subordinates=0) as user:
        for command in (AS_ROOT, ("-m", "lab.rack", "list"), ("-m", "lab.launcher", "up")):
            refused = user.python(*command)
            assert refused.returncode == 1
            said = refused.stdout + refused.stderr
            assert f"User {NAME} has no subordinate user ids in /etc/subuid" in said
            assert f"usermod --add-subgids 100000-165535 {NAME}" in said
            assert "is not delegated to it" in said
        assert not any(user.cache.iterdir())


def test_too_few_subordinate_ids_are_refused_before_a_machine_refuses_log_ins() -> None:
    with ordinary_user(delegated=True, subordinates=WANTED_IDS - 1) as user:
        refused = user.python(*AS_ROOT)
        assert refused.returncode == 1
        assert f"only {WANTED_IDS - 1} subordinate user ids" in refused.stderr
        assert "is not delegated" not in refused.stderr


@pytest.mark.skipif(not shutil.which("newuidmap"), reason="newuidmap is not installed")
def test_commands_share_namespaces_that_end_with_the_last_process_in_them() -> None:
    with ordinary_user(delegated=True, subordinates=WANTED_IDS) as user:
        first = _inside(user, "sh", "-c", f"sleep 60 >{os.devnull} 2>&1 & id -u; {NAMESPACES}")
        assert first[0] == "0"
        assert _inside(user, "sh", "-c", f"pkill sleep; id -u; {NAMESPACES}") == first
        assert user.group is not None
        wait_for(lambda: not user.processes(), "the namespaces to end")
        assert [path for path in user.group.iterdir() if path.is_dir()] == []
        assert _inside(user, sys.executable, "-c", DESCRIBE) == ["rootless,", "as", "user", NAME]


def test_a_device_that_machines_will_lack_is_told_of_with_what_to_do(tmp_path: Path) -> None:
    (missing,) = shortcomings(tmp_path / "fuse")
    assert "is not there" in missing and f"chmod 666 {tmp_path / 'fuse'}" in missing
    (tmp_path / "fuse").touch()
    assert not list(shortcomings(tmp_path / "fuse"))


def _inside(user: OrdinaryUser, *command: str) -> list[str]:
    done = user.python("-m", "lab.privileges", *command)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()
