"""Publish what a project uploads as its own, and share it within its organisation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from services.blueprint.adapters.bounded import BoundedValidation
from services.blueprint.adapters.organisations import Organisations
from services.blueprint.domain.publishing import Publisher
from services.blueprint.domain.shelf import Shelf
from services.blueprint.exceptions import InUse, InvalidUpload, NameReserved, NotShared, ProjectFull, VersionExists
from services.blueprint.policy import require_project
from services.blueprint.storage import catalogue, own
from services.blueprint.storage.kinds import BLUEPRINT, ELEMENT, Head, Kind, V, head_of
from services.blueprint.validate import Task
from services.chassis.auth.caller import Caller, Scope
from services.chassis.db import Database
from services.chassis.errors import NotFound
from services.chassis.ids import new_id
from services.contracts.blueprint import BlueprintVersion, PublishedVersion, Sharing

MOST_VERSIONS = {"blueprint": 400, "element": 100}
MOST_BYTES = 200_000_000
"""So many versions of a kind, and bytes of both, a project may have: each is kept for good."""


@dataclass(frozen=True)
class Upload:
    """A folder as it was sent: texts by path, or a tar archive. A single template may be given a name and version."""

    texts: dict[str, str] | None = None
    archive: bytes = b""
    name: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class OwnPublisher:
    """Publishes into projects."""

    db: Database
    publisher: Publisher
    shelf: Shelf
    organisations: Organisations
    validation: BoundedValidation

    async def task(self, kind: Kind[Any], caller: Caller, project: str | None, upload: Upload) -> Task:
        """Return what there is to validate, and against what."""
        if kind is ELEMENT:
            schema, library = self.publisher.element_schema(), self.publisher.library()
            return Task(kind=kind.name, schema=schema, texts=upload.texts, archive=upload.archive, library=library)
        known = await self.shelf.elements(caller, project)
        schema = self.publisher.blueprint_schema()
        return Task(
            kind=kind.name,
            schema=schema,
            texts=upload.texts,
            archive=upload.archive,
            elements=known,
            name=upload.name,
            version=upload.version,
        )

    async def publish(self, kind: Kind[V], caller: Caller, project: str, upload: Upload) -> PublishedVersion:
        """Publish a version; the same content again answers the version that is there.

        Raises InvalidUpload with every finding, NameReserved, VersionExists, NotShared or ProjectFull.
        """
        require_project(caller, project)
        checked = await self.validation.run(await self.task(kind, caller, project, upload))
        version = checked.blueprint or checked.element
        if version is None:
            raise InvalidUpload(kind.name, checked.findings)
        organisation = await self._organisation(project)
        await self._check_name(kind, version.name, project, organisation)
        async with own.within(self.db, Scope((project,)), (organisation,)) as tx:
            head = await _head(tx, kind, project, version)
            if head is None:
                await _check_room(tx, kind, project, len(checked.folder) + len(checked.archive))
                await _check_shared(tx, kind, version, project)
                await own.add(
                    tx,
                    kind,
                    _dated(version),
                    project_id=project,
                    organisation_id=organisation,
                    archive=checked.archive,
                    folder=checked.folder,
                    published_at=datetime.now(UTC),
                    published_by=caller.subject,
                )
                head = await _head(tx, kind, project, version)
        return _unchanged(head, version.digest).told()

    async def share(self, kind: Kind[Any], caller: Caller, project: str, name: str, shared: bool) -> Sharing:
        """Share all versions of a name with the organisation's other projects, or stop to.

        Raises NotFound, NotShared for a blueprint whose elements are not, InUse for an element that must stay shared,
        and NameReserved where another project shares this name.
        """
        require_project(caller, project)
        async with own.within(self.db, Scope((project,))) as tx:
            if shared and kind is BLUEPRINT:
                mine = [head for head in await own.heads(tx, BLUEPRINT, name) if head.owner == project]
                used = {element for head in mine for element in head.own_elements}
                await _check_elements(tx, name, used, project)
            elif not shared and kind is ELEMENT:
                await _check_unused(tx, name, project)
            try:
                if not await own.share(tx, kind, project, name, shared):
                    raise NotFound(kind=kind.name, name=name, project_id=project)
            except own.SharedAlready as error:
                raise NameReserved(
                    f"Another project of your organisation shares the {kind.name} {name}.",
                    hint="Publish yours under another name.",
                ) from error
        return Sharing(name=name, owner=project, shared=shared)

    async def _organisation(self, project: str) -> str:
        organisation = (await self.organisations.by_project((project,))).get(project)
        if organisation is None:
            raise NotFound(project_id=project)
        return organisation

    async def _check_name(self, kind: Kind[Any], name: str, project: str, organisation: str) -> None:
        """Refuse a name by which something else is known in the project."""
        async with own.within(self.db, Scope((project,)), (organisation,)) as tx:
            owners = {head.owner for head in await own.heads(tx, kind, name)}
            if project in owners:
                return
            taken = await catalogue.has(tx, kind, (name,))
        hint = f"Choose another name in {kind.name}.yaml."
        if taken:
            raise NameReserved(f"The catalogue has the {kind.name} {name}.", hint=hint)
        if owners:
            raise NameReserved(f"Project {min(map(str, owners))} shares its {kind.name} {name} with you.", hint=hint)


def _dated(version: Any) -> Any:
    """Return a version as it is kept: a blueprint with its id and the time."""
    if isinstance(version, BlueprintVersion):
        return msgspec.structs.replace(version, id=new_id("bpv"), published_at=datetime.now(UTC))
    return version


async def _head(tx: AsyncConnection, kind: Kind[Any], project: str, version: Any) -> Head | None:
    found = await own.heads(tx, kind, version.name)
    return next((head for head in found if (head.owner, head.version) == (project, version.version)), None)


def _unchanged(head: Head | None, digest: str) -> Head:
    """Return what is published, which is what was sent; raises VersionExists if it is not."""
    assert head is not None, "it was added, or was there"
    if head.digest != digest:
        raise VersionExists(
            f"{head.name} {head.version} is published with another content.",
            hint="Raise its version: a published one never changes.",
        )
    return head


async def _check_room(tx: AsyncConnection, kind: Kind[Any], project: str, size: int) -> None:
    versions, taken = await own.room_taken(tx, kind, project)
    most = MOST_VERSIONS[kind.name]
    if versions >= most or taken + size > MOST_BYTES:
        raise ProjectFull(
            f"The project has {versions} versions of {kind.name}s and {taken} bytes in all; "
            f"there is room for {most} and {MOST_BYTES}.",
            hint="Published versions stay for good: use another project.",
        )


async def _check_shared(tx: AsyncConnection, kind: Kind[Any], version: Any, project: str) -> None:
    """Refuse a new version of a shared blueprint whose elements the others don't see."""
    known = await own.heads(tx, kind, version.name)
    if any(head.shared for head in known if head.owner == project):
        await _check_elements(tx, version.name, head_of(version, project)["own_elements"], project)


async def _check_elements(tx: AsyncConnection, blueprint: str, used: Iterable[str], project: str) -> None:
    """Raise NotShared unless all of the project's own elements that a blueprint uses are shared."""
    hidden = {head.name for head in await own.heads(tx, ELEMENT) if head.owner == project and not head.shared}
    missing = sorted(hidden & set(used))
    if missing:
        raise NotShared(
            f"{blueprint} uses elements that only this project sees: {', '.join(missing)}.",
            hint="Share them first: cloudpoint element share NAME.",
        )


async def _check_unused(tx: AsyncConnection, element: str, project: str) -> None:
    shared = [head for head in await own.heads(tx, BLUEPRINT) if head.owner == project and head.shared]
    users = sorted({head.name for head in shared if element in head.own_elements})
    if users:
        raise InUse(
            f"The shared blueprints {', '.join(users)} use {element}.", hint="Stop sharing these blueprints first."
        )
