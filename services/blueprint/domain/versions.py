"""Versions by SemVer 2.0.0, and ranges such as ``>=1.0.0 <2.0.0``."""

import re
from collections.abc import Iterable

_COMPARISON = re.compile(r"^(>=|<=|>|<|=)?(\d+)\.(\d+)\.(\d+)$")
_VERSION = re.compile(r"^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?$")

Key = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


def version_key(version: str) -> Key:
    """Return what versions are ordered by (section 11: a pre-release comes before its release). Raises ValueError."""
    match = _VERSION.match(version)
    if match is None:
        raise ValueError(f"{version} is no version.")
    parts = match[4].split(".") if match[4] else []
    ranked = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)
    return (int(match[1]), int(match[2]), int(match[3]), not parts, ranked)


def newest(versions: Iterable[str]) -> str | None:
    """Return the highest version, pre-releases only if there is nothing else."""
    found = sorted(versions, key=lambda version: ("-" not in version, version_key(version)))
    return found[-1] if found else None


def matching(versions: Iterable[str], wanted: str) -> str | None:
    """Return the highest version that all comparisons of ``wanted`` hold for."""
    return newest(version for version in versions if in_range(version, wanted))


def in_range(version: str, wanted: str) -> bool:
    """Tell whether all comparisons of ``wanted`` hold for ``version``."""
    return all(_holds(version_key(version), comparison) for comparison in wanted.split())


def _holds(version: Key, comparison: str) -> bool:
    match = _COMPARISON.match(comparison)
    if match is None:
        raise ValueError(f"{comparison} is no comparison of versions.")
    bound = (int(match[2]), int(match[3]), int(match[4]))
    found = version[:3]
    results = {">=": found >= bound, "<=": found <= bound, ">": found > bound, "<": found < bound}
    return results.get(match[1] or "=", found == bound)
