"""Where the files of elements come from: a folder of this machine, or the catalogue of the blueprint service."""

import asyncio
import hashlib
import io
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.chassis.auth.credentials import Mandate
from services.chassis.context import Process
from services.contracts.runs import RunElement
from services.runner.exceptions import ElementMissing

LIBRARY = "library"
"""The folder of Ansible modules that elements share; it lies beside them."""


@dataclass(frozen=True)
class ElementFiles:
    """An element's own folder, and the folder of shared modules it was published with, if there is one."""

    folder: Path
    library: Path | None

    @classmethod
    def inside(cls, folder: Path, element: RunElement, phase: str) -> "ElementFiles":
        """Return an element's files inside ``folder``; raises ElementMissing if they have no such phase."""
        found, library = folder / element.name, folder / LIBRARY
        if not (found / f"{phase}.yaml").is_file():
            raise ElementMissing(f"The element {element.name} {element.version} has no {phase}.yaml.")
        return cls(found.resolve(), library.resolve() if library.is_dir() else None)


class ElementSource(Protocol):
    """Fetches the files of elements."""

    async def fetch_element(self, element: RunElement, phase: str, mandate: Mandate) -> ElementFiles:
        """Return an element's files; raises ElementMissing, or the problem of the service that has them."""


class ElementFolder:
    """Elements in a folder of this machine, one folder an element, whatever their version: for work on elements."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def fetch_element(self, element: RunElement, phase: str, mandate: Mandate) -> ElementFiles:
        """Return an element's files; raises ElementMissing."""
        return ElementFiles.inside(self._folder, element, phase)


class ElementCatalogue:
    """Elements as they were published. A version never changes, so each is fetched once and kept by its content."""

    def __init__(self, process: Process, cache: Path) -> None:
        self._process = process
        self._cache = cache
        self._kept: dict[tuple[str, str], Path] = {}

    async def fetch_element(self, element: RunElement, phase: str, mandate: Mandate) -> ElementFiles:
        """Return an element's files; raises ElementMissing, or the problem of the blueprint service."""
        version = (element.name, element.version)
        if version not in self._kept or not self._kept[version].exists():
            path = f"/internal/elements/{element.name}/versions/{element.version}/archive"
            archive = await self._process.client("blueprint").fetch(path, authority=mandate)
            self._kept[version] = await asyncio.to_thread(_unpacked, archive, self._cache)
        return ElementFiles.inside(self._kept[version], element, phase)


def _unpacked(archive: bytes, cache: Path) -> Path:
    """Unpack a tar archive below ``cache`` under the name of its content; what is there already stays."""
    place = cache / hashlib.sha256(archive).hexdigest()
    if place.exists():
        return place
    cache.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=cache, prefix=".fresh-"))
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
            opened.extractall(fresh, filter="data")
        fresh.chmod(0o755)
        fresh.rename(place)
    except OSError:
        if not place.exists():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return place
