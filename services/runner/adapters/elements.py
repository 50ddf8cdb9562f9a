"""Where the files of elements come from."""

from pathlib import Path

from services.contracts.runs import RunElement
from services.runner.exceptions import ElementMissing

LIBRARY = "library"
"""The folder of the Ansible modules that all elements share."""


class ElementFolder:
    """Elements in a folder of this machine: one folder an element, and beside them the shared modules."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def fetch_element(self, element: RunElement, phase: str) -> Path:
        """Return the folder of an element; raises ElementMissing if it is not there or has no such phase."""
        found = self._folder / element.name
        if not (found / f"{phase}.yaml").is_file():
            raise ElementMissing(f"The element {element.name} {element.version} has no {phase}.yaml here.")
        return found.resolve()

    def library(self) -> Path | None:
        """Return the folder of shared modules, if there is one."""
        found = self._folder / LIBRARY
        return found.resolve() if found.is_dir() else None
