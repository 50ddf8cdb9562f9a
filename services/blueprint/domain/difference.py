"""What differs between two versions of one blueprint or element."""

import difflib
from collections.abc import Mapping
from typing import Any

from services.chassis.archive import files_of_archive
from services.contracts.blueprint import Difference, FileDifference

_MOST_LINES = 2000
"""Of one file; finding the shortest way between longer ones takes long."""


def texts_of(folder: bytes) -> dict[str, str]:
    """Return the texts of a folder that was kept as an archive; what is no text is told by its size."""
    return {path: _text(content) for path, content in files_of_archive(folder).items()}


def difference(
    name: str, before: str, after: str, folders: tuple[bytes, bytes], schemas: tuple[Any, Any]
) -> Difference:
    """Return the difference between two versions, from their folders and the schemas of their parameters."""
    old, new = (texts_of(folder) for folder in folders)
    asked, asks = (schema.get("properties", {}) for schema in schemas)
    return Difference(
        name=name,
        before=before,
        after=after,
        files=[_file(path, old, new) for path in sorted({*old, *new}) if old.get(path) != new.get(path)],
        parameters_added=[one for one in asks if one not in asked],
        parameters_removed=[one for one in asked if one not in asks],
        parameters_changed=[one for one in asks if one in asked and asks[one] != asked[one]],
    )


def _file(path: str, old: Mapping[str, str], new: Mapping[str, str]) -> FileDifference:
    kind = "added" if path not in old else "removed" if path not in new else "changed"
    before, after = (texts.get(path, "").splitlines(keepends=True) for texts in (old, new))
    if kind == "changed" and max(len(before), len(after)) > _MOST_LINES:
        lines = f"More than {_MOST_LINES} lines: they are not compared.\n"
    else:
        lines = "".join(_ended(line) for line in difflib.unified_diff(before, after, f"a/{path}", f"b/{path}"))
    return FileDifference(path=path, kind=kind, lines=lines)


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n"


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"({len(content)} bytes that are no text)\n"
