"""Publish what is in the catalogue's folders; what is published never changes."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from services.blueprint.domain import blueprint as blueprints
from services.blueprint.domain import element as elements
from services.blueprint.domain.files import Files, FolderTooLarge, read_folder
from services.blueprint.domain.publication import Checked, check_blueprint, check_element
from services.blueprint.storage import catalogue
from services.blueprint.storage.kinds import BLUEPRINT, ELEMENT, Kind, V
from services.chassis.ids import new_id
from services.contracts.blueprint import Finding


@dataclass
class Publisher:
    """Reads the two folders. ``complaints`` says, after :meth:`publish`, what could not be published and why."""

    blueprint_folder: Path
    element_folder: Path
    complaints: list[str] = field(default_factory=list)

    async def publish(self, tx: AsyncConnection) -> None:
        """Publish every version that is not published yet, elements before blueprints."""
        self.complaints.clear()
        library = self.library()
        for folder in _folders(self.element_folder, elements.DOCUMENT):
            await self._publish_element(tx, folder, library)
        for folder in _folders(self.blueprint_folder, blueprints.DOCUMENT):
            await self._publish_blueprint(tx, folder)

    async def known_elements(self, tx: AsyncConnection) -> blueprints.Elements:
        """Return all published elements by name and version."""
        known: blueprints.Elements = {}
        for version in await catalogue.versions(tx, ELEMENT):
            known.setdefault(version.name, {})[version.version] = version
        return known

    def blueprint_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of blueprint.yaml."""
        return _schema(self.blueprint_folder / "blueprint.schema.json")

    def element_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of element.yaml."""
        return _schema(self.element_folder / "element.schema.json")

    def library(self) -> Files:
        """Return the modules that all elements share."""
        return read_folder(self.element_folder / elements.LIBRARY)

    async def _publish_element(self, tx: AsyncConnection, folder: Path, library: Files) -> None:
        checked = self._checked(
            folder, lambda files: check_element(files, self.element_schema(), library, digest_covers_library=True)
        )
        if checked and checked.element:
            await self._keep(tx, ELEMENT, checked.element, checked)

    async def _publish_blueprint(self, tx: AsyncConnection, folder: Path) -> None:
        known = await self.known_elements(tx)
        checked = self._checked(folder, lambda files: check_blueprint(files, self.blueprint_schema(), known))
        if checked and checked.blueprint:
            version = msgspec.structs.replace(checked.blueprint, id=new_id("bpv"), published_at=datetime.now(UTC))
            await self._keep(tx, BLUEPRINT, version, checked)

    async def _keep(self, tx: AsyncConnection, kind: Kind[V], version: V, checked: Checked) -> None:
        known = {head.version: head for head in await catalogue.heads(tx, kind, version.name)}
        if version.version not in known:
            await catalogue.add(tx, kind, version, checked.archive, checked.folder, datetime.now(UTC))
        elif known[version.version].digest != version.digest:
            self.complaints.append(
                f"{version.name} {version.version} was published with another content: "
                "raise its version, since a published one never changes."
            )
        else:
            await catalogue.keep(tx, kind, version, checked.archive, checked.folder)

    def _checked(self, folder: Path, check: Callable[[Files], Checked]) -> Checked | None:
        """Return what came of a folder; None, and a complaint, if it can't be published."""
        try:
            checked = check(read_folder(folder))
        except FolderTooLarge as error:
            self.complaints.append(f"{folder.name}: {error}")
            return None
        if checked.findings:
            self.complaints.append(f"{folder.name} is not valid: {_told(checked.findings)}")
            return None
        return checked


def _folders(parent: Path, document: str) -> list[Path]:
    return sorted(path.parent for path in parent.glob(f"*/{document}"))


def _told(findings: list[Finding]) -> str:
    return "; ".join(f"{item.file}:{item.line or '-'}: {item.message}" for item in findings)


def _schema(path: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(path.read_text())
    return schema
