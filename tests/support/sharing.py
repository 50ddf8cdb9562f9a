"""How the suite is shared out when it runs in several processes (pytest-xdist).

A file stays in one process, since its tests share what they start. Folders that share something dearer, a platform or
a rack of machines, stay together too. What takes longest begins first, so that no process is left with it at the end.
"""

from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

# Longest first. A folder or a file of the repository, whose tests all run in one process, one after the other.
_TOGETHER = (
    "tests/e2e",
    "tests/elements",
    "tests/faults",
    "services/cluster/tests/test_law.py",
    "tests/runs",
    "tests/contract/openstack",
    "lab/rack/tests",
)


class Sharing(LoadScopeScheduling):
    """Gives each process a group of tests at a time, in the order in which they are collected."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)  # type: ignore[arg-type]

    def _split_scope(self, nodeid: str) -> str:
        place = nodeid.partition("::")[0]
        return next((together for together in _TOGETHER if _is_in(place, together)), place)


def long_ones_first(items: list[pytest.Item], root: str) -> None:
    """Sort ``items``; within a group they stay in their order."""
    items.sort(key=lambda item: _rank(item.path.relative_to(root).as_posix()))


def _rank(place: str) -> int:
    found = (number for number, together in enumerate(_TOGETHER) if _is_in(place, together))
    return next(found, len(_TOGETHER))


def _is_in(place: str, folder: str) -> bool:
    return PurePosixPath(place).is_relative_to(folder)
