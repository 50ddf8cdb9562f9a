"""The rack without root: its own tests, run by an ordinary user."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.privileges.needs import WANTED_IDS
from lab.privileges.tests.ordinary_user import FIRST_SUBORDINATE, UID, OrdinaryUser, ordinary_user
from lab.rack import image
from lab.rack.settings import default_cache_root
from lab.rack.tests.bench import free_ports

pytestmark = [pytest.mark.machines, pytest.mark.slow]

TESTS = "lab/rack/tests/test_machines.py"
CHOSEN = ("reboot_keeps", "packages_come")


@pytest.fixture
def user(machines_allowed: None) -> Iterator[OrdinaryUser]:
    """A user who has what it takes, with the machines' image in their cache."""
    if not shutil.which("newuidmap"):
        pytest.skip("newuidmap is not installed: apt-get install uidmap")
    with ordinary_user(delegated=True, subordinates=WANTED_IDS) as user:
        _give_image(user)
        yield user


def test_machines_of_an_ordinary_user(user: OrdinaryUser) -> None:
    chosen = ["-k", " or ".join(CHOSEN), "--basetemp", str(user.home / "tmp")]
    pytest_here = [sys.executable, "-m", "pytest", "-rs", "-n", "0", "-p", "no:cacheprovider", TESTS, *chosen]
    done = user.python("-m", "lab.privileges", *pytest_here, deadline_s=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(CHOSEN)} passed" in done.stdout


def _give_image(user: OrdinaryUser) -> None:
    """Copy root's image, to belong to whom it would belong if the user had built it, which takes half a minute."""
    image_id = image.ensure_image(default_cache_root(), free_ports(1), print)
    theirs = image.image_path(user.cache / "rootless" / str(FIRST_SUBORDINATE), image_id)
    theirs.parent.mkdir(parents=True)
    subprocess.run(["cp", "-a", str(image.image_path(default_cache_root(), image_id)), str(theirs)], check=True)
    for folder in (user.cache / "rootless", user.cache / "rootless" / str(FIRST_SUBORDINATE), theirs.parent):
        os.chown(folder, UID, UID)
    for path in (theirs, *theirs.rglob("*")):
        _give(path)


def _give(path: Path) -> None:
    """Change owners to those that stand for them outside. It takes set-user-id bits away: the mode is set again."""
    was = path.lstat()
    os.lchown(path, _outside(was.st_uid), _outside(was.st_gid))
    if not stat.S_ISLNK(was.st_mode):
        path.chmod(stat.S_IMODE(was.st_mode))


def _outside(inside: int) -> int:
    return FIRST_SUBORDINATE + inside - 1 if inside else UID
