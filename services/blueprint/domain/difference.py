"""What differs between two versions of one blueprint or element."""

import difflib
import re
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from services.chassis.archive import files_of_archive
from services.contracts.blueprint import Difference, FileDifference

_CONTEXT = 3
_MOST_PAIRS = 40_000
"""Of lines to compare in one file: finding the shortest way between many takes long. Above it all count as changed."""
_SECONDS = 2.0
"""After so long the files that are left count as changed from the first line that differs to the last."""
_HUNK = re.compile(r"([-+])(\d+)")


def texts_of(folder: bytes) -> dict[str, str]:
    """Return the texts of a folder that was kept as an archive; what is no text is told by its size."""
    return {path: _text(content) for path, content in files_of_archive(folder).items()}


def difference(
    name: str, before: str, after: str, folders: tuple[bytes, bytes], schemas: tuple[Any, Any]
) -> Difference:
    """Return the difference between two versions, from their folders and the schemas of their parameters."""
    old, new = (texts_of(folder) for folder in folders)
    asked, asks = (schema.get("properties", {}) for schema in schemas)
    end = time.monotonic() + _SECONDS
    return Difference(
        name=name,
        before=before,
        after=after,
        files=[_file(path, old, new, end) for path in sorted({*old, *new}) if old.get(path) != new.get(path)],
        parameters_added=[one for one in asks if one not in asked],
        parameters_removed=[one for one in asked if one not in asks],
        parameters_changed=[one for one in asks if one in asked and asks[one] != asked[one]],
    )


def _file(path: str, old: Mapping[str, str], new: Mapping[str, str], end: float) -> FileDifference:
    kind = "added" if path not in old else "removed" if path not in new else "changed"
    before, after = (texts.get(path, "").splitlines(keepends=True) for texts in (old, new))
    head = [f"--- a/{path}\n", f"+++ b/{path}\n"]
    lines = [*head, *(line if line.endswith("\n") else f"{line}\n" for line in _hunks(before, after, end))]
    return FileDifference(path=path, kind=kind, lines="".join(lines))


def _hunks(before: list[str], after: list[str], until: float) -> Iterator[str]:
    """Yield the hunks of a unified diff: what is the same at both ends is left out first, since that is cheap."""
    shortest = min(len(before), len(after))
    start = next((n for n in range(shortest) if before[n] != after[n]), shortest)
    end = next((n for n in range(shortest - start) if before[-1 - n] != after[-1 - n]), shortest - start)
    first = max(0, start - _CONTEXT)
    old, new = (lines[first : min(len(lines), len(lines) - end + _CONTEXT)] for lines in (before, after))
    if len(old) * len(new) > _MOST_PAIRS or time.monotonic() > until:
        yield f"@@ -{first + 1},{len(old)} +{first + 1},{len(new)} @@\n"
        yield from (f"-{line}" for line in old)
        yield from (f"+{line}" for line in new)
        return
    for line in islice(difflib.unified_diff(old, new, n=_CONTEXT), 2, None):
        yield _HUNK.sub(lambda found: _moved(found, first), line) if line.startswith("@@") else line


def _moved(found: re.Match[str], lines: int) -> str:
    return f"{found[1]}{int(found[2]) + lines}"


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"({len(content)} bytes that are no text)\n"
