"""Publish what is in the catalogue's folders; what is published never changes."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.blueprint.domain import blueprint as blueprints
from services.blueprint.domain import element as elements
from services.blueprint.domain.files import Files, FolderTooLarge, digest_of, read_folder
from services.blueprint.domain.validation import validate_blueprint
from services.blueprint.domain.yaml_document import YamlRefused, read_yaml
from services.blueprint.storage import catalogue
from services.chassis.ids import new_id
from services.chassis.validation import schema_problems
from services.contracts.blueprint import Finding

LIBRARY = "library"


@dataclass
class Publisher:
    """Reads the two folders. ``complaints`` says, after :meth:`publish`, what could not be published and why."""

    blueprint_folder: Path
    element_folder: Path
    complaints: list[str] = field(default_factory=list)

    async def publish(self, tx: AsyncConnection) -> None:
        """Publish every version that is not published yet, elements before blueprints."""
        self.complaints.clear()
        library = read_folder(self.element_folder / LIBRARY)
        for folder in _folders(self.element_folder, elements.DOCUMENT):
            await self._publish_element(tx, folder, library)
        for folder in _folders(self.blueprint_folder, blueprints.DOCUMENT):
            await self._publish_blueprint(tx, folder)

    async def known_elements(self, tx: AsyncConnection) -> blueprints.Elements:
        """Return all published elements by name and version."""
        known: blueprints.Elements = {}
        for version in await catalogue.elements(tx):
            known.setdefault(version.name, {})[version.version] = version
        return known

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of blueprint.yaml."""
        return _schema(self.blueprint_folder / "blueprint.schema.json")

    async def _publish_element(self, tx: AsyncConnection, folder: Path, library: Files) -> None:
        files = self._read(folder, elements.DOCUMENT, _schema(self.element_folder / "element.schema.json"))
        if files is None:
            return
        findings = elements.element_findings(files)
        if findings:
            self.complaints.append(f"The element {folder.name} is not valid: {_told(findings)}")
            return
        version = elements.element_of({**files, **{f"../library/{path}": text for path, text in library.items()}})
        known = {item.version: item for item in await catalogue.elements(tx, version.name)}
        if version.version not in known:
            archive = elements.element_archive(version.name, files, library)
            await catalogue.add_element(tx, version, archive, datetime.now(UTC))
        elif known[version.version].digest != version.digest:
            self._complain(folder, version.version)

    async def _publish_blueprint(self, tx: AsyncConnection, folder: Path) -> None:
        files = self._read(folder, blueprints.DOCUMENT, {})
        if files is None:
            return
        known_elements = await self.known_elements(tx)
        findings = validate_blueprint(files, self.schema(), known_elements)
        if findings:
            self.complaints.append(f"The blueprint {folder.name} is not valid: {_told(findings)}")
            return
        document = read_yaml(files[blueprints.DOCUMENT].decode()).value
        known = {item.version: item for item in await catalogue.blueprints(tx, document["name"])}
        archive = blueprints.checks_archive(files, document["checks"])
        if document["version"] not in known:
            version = blueprints.blueprint_of(files, known_elements, new_id("bpv"), datetime.now(UTC))
            await catalogue.add_blueprint(tx, version, archive)
        elif known[document["version"]].digest != digest_of(files):
            self._complain(folder, document["version"])
        else:
            await catalogue.keep_checks(tx, document["name"], document["version"], archive)

    def _read(self, folder: Path, document: str, schema: dict[str, Any]) -> Files | None:
        try:
            files = read_folder(folder)
            problems = schema_problems(read_yaml(files[document].decode()).value, schema)
        except (FolderTooLarge, YamlRefused, UnicodeDecodeError) as error:
            self.complaints.append(f"{folder.name}: {error}")
            return None
        if problems:
            told = "; ".join(f"{item.pointer}: {item.message}" for item in problems)
            self.complaints.append(f"{folder.name}/{document} is not valid: {told}")
            return None
        return files

    def _complain(self, folder: Path, version: str) -> None:
        self.complaints.append(
            f"{folder.name} {version} was published with another content: "
            "raise its version, since a published one never changes."
        )


def _folders(parent: Path, document: str) -> list[Path]:
    return sorted(path.parent for path in parent.glob(f"*/{document}"))


def _told(findings: list[Finding]) -> str:
    return "; ".join(f"{item.file}:{item.line or '-'}: {item.message}" for item in findings)


def _schema(path: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(path.read_text())
    return schema
