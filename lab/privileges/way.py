"""The one place that decides how machines are made: as root, without, or not at all."""

import os
import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lab.privileges import keeper, needs


class Way(StrEnum):
    """What a command has to do first."""

    ROOT = "root"
    """Nothing: it is root, of the machine or of a user namespace."""
    ROOTLESS = "rootless"
    """Enter the user namespace that stands for its user."""
    SUDO = "sudo"
    """Be run by sudo."""


class NoWayError(Exception):
    """Machines can't be made here; `str()` says all that is in the way."""


@dataclass(frozen=True)
class Choice:
    """The way, and why it is not the one without root, if it is not."""

    way: Way
    reasons: tuple[str, ...] = ()


def choose(state: Path, cache: Path) -> Choice:
    """Decide for this process, with the state and cache that it is to work on.

    Raises:
        NoWayError: It is not root, can't do without, and there is no sudo.
    """
    if os.geteuid() == 0:
        return Choice(Way.ROOT)
    if keeper.lives(cache):
        return Choice(Way.ROOTLESS)
    reasons = tuple(needs.missing(state))
    if not reasons:
        return Choice(Way.ROOTLESS)
    if shutil.which("sudo"):
        return Choice(Way.SUDO, reasons)
    raise NoWayError(refusal(reasons))


def refusal(reasons: tuple[str, ...]) -> str:
    """The sentence for somebody who is not root, with what it takes to do without."""
    listed = "".join(f"\n  - {reason}" for reason in reasons)
    return f"The lab's machines need root: run this as root or with sudo. Without root it takes:{listed}"
