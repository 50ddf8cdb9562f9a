"""Differences between simcloud and the real services that stay, each with its reason (also in simcloud's README)."""

import fnmatch
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """Lines of the comparison that are fine: ``where`` is a pattern of records, ``what`` one of lines."""

    where: str
    what: str
    reason: str


ACCEPTED = (
    Difference(
        "*/node*",
        "*.power_state: =power on instead of =power off",
        "a fake node goes on when it is deployed, so that it can stand for a machine where there is none",
    ),
    Difference(
        "unbuildable/events-*",
        '*Message: Unknown, Code: Unknown"* instead of *',
        "the real Heat may look at a server between its ERROR and its fault; simcloud writes both at once",
    ),
    Difference(
        "unbuildable/events-contract-doomed-broken",
        "*Message: No valid host was found* instead of *",
        "the real Nova may not have seen that the node is free when Heat tries again; simcloud's sees it at once",
    ),
)


def accepted(name: str, line: str) -> bool:
    """Tell whether a difference of the record ``name`` is one of those that stay."""
    return any(fnmatch.fnmatchcase(name, one.where) and fnmatch.fnmatchcase(line, one.what) for one in ACCEPTED)
