"""Who this process is: root, a user, or root of a user namespace that stands for a user."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

_UID_MAP = Path("/proc/self/uid_map")
_ALL_IDS = 2**32 - 1


@dataclass(frozen=True)
class StandIn:
    """Root of a user namespace: whom outside it stands for, and where the subordinate ids begin of all other users."""

    uid: int
    first_subordinate: int


def stand_in() -> StandIn | None:
    """Whom root stands for in this process's user namespace; None if it is the machine's own (user_namespaces(7))."""
    lines = [tuple(map(int, line.split())) for line in _UID_MAP.read_text().splitlines()]
    if lines == [(0, 0, _ALL_IDS)]:
        return None
    outside = {inside: first for inside, first, _ in lines}
    return StandIn(outside.get(0, 0), outside.get(1, 0))


def described() -> str:
    """How machines are made by this process, for people."""
    inside = stand_in()
    if inside is not None:
        return f"rootless, as user {user_name(inside.uid)}"
    return "as root" if os.geteuid() == 0 else f"not at all, as user {user_name(os.geteuid())}"


def own_cache(cache: Path) -> Path:
    """Where files of many owners are cached: those made in a user namespace are no good outside, nor with other ids."""
    inside = stand_in()
    return cache if inside is None else cache / "rootless" / str(inside.first_subordinate)


def user_name(uid: int) -> str:
    """The user's name, or the id of one without."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
