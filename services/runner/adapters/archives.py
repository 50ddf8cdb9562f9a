"""What the blueprint service has published, unpacked on this machine."""

import asyncio
import hashlib
import shutil
import tempfile
from pathlib import Path

from services.chassis.archive import files_of_archive
from services.chassis.auth.credentials import Mandate
from services.chassis.context import Process
from services.contracts.blueprint import CATALOGUE


class Archives:
    """Archives of versions. A version never changes, so each is fetched once and kept by its content."""

    def __init__(self, process: Process, cache: Path) -> None:
        self._process = process
        self._cache = cache
        self._kept: dict[str, Path] = {}

    async def fetch(self, path: str, owner: str | None, mandate: Mandate) -> Path:
        """Return the folder that holds the archive at ``path``; raises the problem of the blueprint service.

        A customer's own is asked for each time: whether it may be seen is the blueprint service's to say.
        """
        if owner is None and path in self._kept and self._kept[path].exists():
            return self._kept[path]
        place = f"{path}?owner={owner or CATALOGUE}"
        archive = await self._process.client("blueprint").fetch(place, authority=mandate)
        folder = await asyncio.to_thread(_unpacked, archive, self._cache)
        if owner is None:
            self._kept[path] = folder
        return folder


def _unpacked(archive: bytes, cache: Path) -> Path:
    """Unpack a tar archive below ``cache`` under the name of its content; what is there already stays.

    Raises ArchiveRefused, having written nothing.
    """
    place = cache / hashlib.sha256(archive).hexdigest()
    if place.exists():
        return place
    files = files_of_archive(archive)
    cache.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=cache, prefix=".fresh-"))
    try:
        for path, content in files.items():
            (fresh / path).parent.mkdir(parents=True, exist_ok=True)
            (fresh / path).write_bytes(content)
        fresh.chmod(0o755)
        fresh.rename(place)
    except OSError:
        if not place.exists():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return place
