"""Going on as root: a command runs itself, or another, by the way that was chosen."""

import os
import sys
from pathlib import Path
from typing import NoReturn

from lab.privileges import keeper
from lab.privileges.way import NoWayError, Way, choose, refusal

# What sudo leaves of the environment beside its own choice.
KEPT_BY_SUDO = ("CLOUDPOINT_STATE", "CLOUDPOINT_CACHE")


def become_root(state: Path, cache: Path) -> None:
    """Return if this process is root; else run its own command anew, as root of the user namespace.

    Raises:
        NoWayError: It can't; sudo is not called behind anybody's back.
    """
    choice = choose(state, cache)
    if choice.way is Way.ROOTLESS:
        _enter(cache, [sys.executable, *sys.orig_argv[1:]])
    if choice.way is Way.SUDO:
        raise NoWayError(refusal(choice.reasons))


def run(command: list[str], state: Path, cache: Path) -> NoReturn:
    """Become `command`, run by the way that was chosen, sudo among them. Raises NoWayError."""
    way = choose(state, cache).way
    if way is Way.ROOTLESS:
        _enter(cache, command)
    if way is Way.SUDO:
        command = ["sudo", f"--preserve-env={','.join(KEPT_BY_SUDO)}", *command]
    os.execvp(command[0], command)


def _enter(cache: Path, command: list[str]) -> NoReturn:
    try:
        found = keeper.enter(cache)
    except keeper.KeeperFailed as failure:
        raise NoWayError(str(failure)) from failure
    namespaces = ["--target", str(found.pid), "--user", "--mount", "--cgroup"]
    os.execvp("nsenter", ["nsenter", *namespaces, f"--wdns={Path.cwd()}", "--", *command])
