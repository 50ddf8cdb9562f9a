"""How the suite is shared out when it runs in several processes (pytest-xdist, ``--dist loadgroup``).

A file stays in one process, since its tests share what they start. Folders that share something dearer, a platform or
a rack of machines, stay together too. What takes longest begins first, so that no process is left with it at the end.
"""

from pathlib import PurePosixPath

import pytest

# Longest first. A folder or a file of the repository, whose tests all run in one process, one after the other.
_TOGETHER = (
    "tests/e2e",
    "tests/elements",
    "tests/faults",
    "services/cluster/tests/test_law.py",
    "tests/runs",
    "tests/load",
    "lab/rack/tests",
)


def share_out(items: list[pytest.Item], root: str) -> None:
    """Sort ``items``, long ones first, and mark each with the group that must stay in one process."""
    for item in items:
        place = item.path.relative_to(root).as_posix()
        item.add_marker(pytest.mark.xdist_group(_group(place)))
    items.sort(key=lambda item: _rank(item.path.relative_to(root).as_posix()))


def _group(place: str) -> str:
    return next((together for together in _TOGETHER if _is_in(place, together)), place)


def _rank(place: str) -> int:
    found = (number for number, together in enumerate(_TOGETHER) if _is_in(place, together))
    return next(found, len(_TOGETHER))


def _is_in(place: str, folder: str) -> bool:
    return PurePosixPath(place).is_relative_to(folder)
