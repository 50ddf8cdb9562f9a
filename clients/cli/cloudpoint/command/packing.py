"""A folder as the archive that is sent: what it holds, what was left out, and what is too much."""

import gzip
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from cloudpoint.command import exits
from cloudpoint.command.exits import Stop

MOST_FILES = 500
MOST_BYTES = 5_000_000
_TEMPLATES = (".yaml", ".yml", ".json", ".template", ".hot")


@dataclass(frozen=True)
class Packed:
    """An archive with ``files`` files of ``size`` bytes in all; ``left_out`` are links, hidden files and caches."""

    archive: bytes
    files: int
    size: int
    left_out: list[str]


def pack(source: Path) -> Packed:
    """Return the folder packed, or an archive as it is. Ends the command if there is more than the platform takes."""
    if source.is_file():
        return Packed(source.read_bytes(), 1, source.stat().st_size, [])
    found: list[tuple[str, Path]] = []
    left_out: list[str] = []
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.is_symlink() or _hidden(name):
            left_out.append(name)
        elif path.is_file():
            found.append((name, path))
    size = sum(path.stat().st_size for _, path in found)
    if len(found) > MOST_FILES or size > MOST_BYTES:
        sentence = (
            f"{source} has {len(found)} files with {size} bytes; at most {MOST_FILES} and {MOST_BYTES} are taken."
        )
        raise Stop(exits.INVALID, sentence)
    return Packed(_archive(found), len(found), size, _topmost(left_out))


def texts_below(source: Path) -> dict[str, str]:
    """Return the texts of a folder by path; what is no UTF-8 is sent with its wrong bytes replaced, to be told of."""
    found = (path for path in sorted(source.rglob("*")) if path.is_file() and not path.is_symlink())
    named = ((path.relative_to(source).as_posix(), path) for path in found)
    return {name: path.read_text(errors="replace") for name, path in named if not _hidden(name)}


def is_template(source: Path) -> bool:
    """Tell whether a source is one template, and no folder and no archive."""
    return source.is_file() and source.suffix in _TEMPLATES


def template_text(source: Path) -> dict[str, str]:
    """Return the text of one template by its name."""
    if source.stat().st_size > MOST_BYTES:
        raise Stop(exits.INVALID, f"{source} has more than {MOST_BYTES} bytes.")
    return {source.name: source.read_text(errors="replace")}


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in name.split("/"))


def _topmost(names: list[str]) -> list[str]:
    """Return names without those that lie below another of them."""
    return [name for name in names if not any(name.startswith(f"{other}/") for other in names)]


def _archive(files: list[tuple[str, Path]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, path in files:
            content = path.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)
