"""Where the files of elements come from: a folder of this machine, or the catalogue of the blueprint service."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.chassis.auth.credentials import Mandate
from services.contracts.runs import RunElement
from services.runner.adapters.archives import Archives
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
    """Elements in a folder of this machine, one folder an element, whatever their version: for work on elements.

    Customers' own ones are as they were ``published``.
    """

    def __init__(self, folder: Path, published: "ElementCatalogue") -> None:
        self._folder = folder
        self._published = published

    async def fetch_element(self, element: RunElement, phase: str, mandate: Mandate) -> ElementFiles:
        """Return an element's files; raises ElementMissing, or the problem of the blueprint service."""
        if element.owner:
            return await self._published.fetch_element(element, phase, mandate)
        return ElementFiles.inside(self._folder, element, phase)


class ElementCatalogue:
    """Elements as they were published."""

    def __init__(self, archives: Archives) -> None:
        self._archives = archives

    async def fetch_element(self, element: RunElement, phase: str, mandate: Mandate) -> ElementFiles:
        """Return an element's files; raises ElementMissing, or the problem of the blueprint service."""
        path = f"/internal/elements/{element.name}/versions/{element.version}/archive"
        return ElementFiles.inside(await self._archives.fetch(path, element.owner, mandate), element, phase)
