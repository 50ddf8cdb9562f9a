"""The plain files of a tar archive, as one service makes it and another reads it."""

import io
import tarfile
from pathlib import PurePosixPath


class ArchiveRefused(ValueError):
    """It is no tar archive, or holds something else than plain files below its own folder."""


def files_of_archive(archive: bytes) -> dict[str, bytes]:
    """Return the content of each file by its path, which never leads out of the folder that it is written to.

    Raises ArchiveRefused for links, devices and paths that lead out.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
            for member in opened:
                content = opened.extractfile(member) if member.isreg() else None
                path = PurePosixPath(member.name)
                if content is None or path.is_absolute() or ".." in path.parts or not path.parts:
                    raise ArchiveRefused(f"{member.name} is no plain file below the archive's folder")
                files[path.as_posix()] = content.read()
    except tarfile.TarError as error:
        raise ArchiveRefused(f"it is no tar archive: {error}") from error
    return files
