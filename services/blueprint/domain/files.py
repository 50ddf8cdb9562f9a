"""A folder as texts by path, with limits; and as a tar archive that is the same for the same files."""

import hashlib
import io
import tarfile
from pathlib import Path

MOST_FILES = 500
MOST_BYTES = 5_000_000

Files = dict[str, bytes]


class FolderTooLarge(ValueError):
    """A folder has more files or bytes than a blueprint or element may have."""


def read_folder(folder: Path) -> Files:
    """Return the files below ``folder`` by their path; links and hidden files are left out. Raises FolderTooLarge."""
    found: Files = {}
    size = 0
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or any(part.startswith((".", "__")) for part in path.parts[-2:]):
            continue
        size += path.stat().st_size
        if len(found) >= MOST_FILES or size > MOST_BYTES:
            raise FolderTooLarge(f"{folder.name} has more than {MOST_FILES} files or {MOST_BYTES} bytes.")
        found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def digest_of(files: Files) -> str:
    """Return the SHA-256 over paths and contents."""
    total = hashlib.sha256()
    for path, content in sorted(files.items()):
        total.update(f"{len(path)}:{path}{len(content)}:".encode() + content)
    return total.hexdigest()


def archive_of(files: Files) -> bytes:
    """Return the files as a tar archive without times and owners, so that it is the same for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
