"""Publish what a project uploads as its own, and share it within its organisation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from services.blueprint.adapters.bounded import BoundedValidation
from services.blueprint.adapters.organisations import Organisations
from services.blueprint.domain.publishing import Publisher
from services.blueprint.domain.shelf import Shelf
from services.blueprint.exceptions import InUse, InvalidUpload, NameReserved, NotShared, ProjectFull, VersionExists
from services.blueprint.policy import require_project
from services.blueprint.storage import catalogue, own
from services.blueprint.storage.kinds import BLUEPRINT, ELEMENT, Kept, Kind, V
from services.blueprint.validate import Task
from services.chassis.auth.caller import Caller, Scope
from services.chassis.db import Database
from services.chassis.errors import NotFound
from services.chassis.ids import new_id
from services.contracts.blueprint import BlueprintVersion, Sharing

MOST_VERSIONS = 500
"""So many versions of blueprints and elements together a project may have: each is kept for good."""


@dataclass(frozen=True)
class Upload:
    """A folder as it was sent: texts by path, or a tar archive."""

    texts: dict[str, str] | None = None
    archive: bytes = b""


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
        return Task(kind=kind.name, schema=schema, texts=upload.texts, archive=upload.archive, elements=known)

    async def publish(self, kind: Kind[V], caller: Caller, project: str, upload: Upload) -> Kept[V]:
        """Publish a version; the same content again answers the version that is there.

        Raises InvalidUpload with every finding, NameReserved, VersionExists, NotShared or ProjectFull.
        """
        require_project(caller, project)
        checked = await self.validation.run(await self.task(kind, caller, project, upload))
        version: Any = checked.blueprint if kind is BLUEPRINT else checked.element
        if version is None:
            raise InvalidUpload(kind.name, checked.findings)
        organisation = await self._organisation(project)
        await self._check_name(kind, version.name, project, organisation)
        now = datetime.now(UTC)
        if isinstance(version, BlueprintVersion):
            version = msgspec.structs.replace(version, id=new_id("bpv"), published_at=now)
        async with own.within(self.db, Scope((project,)), (organisation,)) as tx:
            found = await own.versions(tx, kind, version.name)
            same = _of(found, project, version.version)
            if same is None:
                await self._check_room(tx, project)
                if isinstance(version, BlueprintVersion) and any(k.version.shared for k in found if k.owner == project):
                    await _check_elements(tx, version, project)
                await own.add(
                    tx,
                    kind,
                    version,
                    project_id=project,
                    organisation_id=organisation,
                    archive=checked.archive,
                    folder=checked.folder,
                    published_at=now,
                    published_by=caller.subject,
                )
                same = _of(await own.versions(tx, kind, version.name), project, version.version)
        return _unchanged(same, version.digest)

    async def share(self, kind: Kind[Any], caller: Caller, project: str, name: str, shared: bool) -> Sharing:
        """Share all versions of a name with the organisation's other projects, or stop to.

        Raises NotFound, NotShared for a blueprint whose elements are not, InUse for an element that must stay shared,
        and NameReserved where another project shares this name.
        """
        require_project(caller, project)
        async with own.within(self.db, Scope((project,))) as tx:
            if shared and kind is BLUEPRINT:
                for kept in await own.versions(tx, BLUEPRINT, name):
                    await _check_elements(tx, kept.version, project)
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
            owners = {kept.owner for kept in await own.versions(tx, kind, name)}
            if project in owners:
                return
            taken = await catalogue.has(tx, kind, (name,))
        hint = f"Choose another name in {kind.name}.yaml."
        if taken:
            raise NameReserved(f"The catalogue has the {kind.name} {name}.", hint=hint)
        if owners:
            raise NameReserved(f"Project {min(map(str, owners))} shares its {kind.name} {name} with you.", hint=hint)

    async def _check_room(self, tx: Any, project: str) -> None:
        if await own.count(tx, project) >= MOST_VERSIONS:
            raise ProjectFull(
                f"The project has {MOST_VERSIONS} versions of blueprints and elements.", hint="Use another project."
            )


def _of(found: Iterable[Kept[V]], project: str, version: str) -> Kept[V] | None:
    return next((kept for kept in found if kept.owner == project and kept.version.version == version), None)


def _unchanged(kept: Kept[V] | None, digest: str) -> Kept[V]:
    """Return what is published, which is what was sent; raises VersionExists if it is not."""
    assert kept is not None, "it was added, or was there"
    if kept.version.digest != digest:
        raise VersionExists(
            f"{kept.version.name} {kept.version.version} is published with another content.",
            hint="Raise its version: a published one never changes.",
        )
    return kept


async def _check_elements(tx: Any, version: BlueprintVersion, project: str) -> None:
    """Raise NotShared unless all of the project's own elements that a blueprint uses are shared."""
    used = {use.element for use in version.elements if use.owner == project}
    hidden = [kept.version.name for kept in await own.versions(tx, ELEMENT) if not kept.version.shared]
    missing = sorted(used & set(hidden))
    if missing:
        raise NotShared(
            f"{version.name} {version.version} uses elements that only this project sees: {', '.join(missing)}.",
            hint="Share them first: cloudpoint element share NAME.",
        )


async def _check_unused(tx: Any, element: str, project: str) -> None:
    found = await own.versions(tx, BLUEPRINT)
    users = sorted(
        {
            kept.version.name
            for kept in found
            if kept.version.shared
            and any(use.element == element and use.owner == project for use in kept.version.elements)
        }
    )
    if users:
        raise InUse(
            f"The shared blueprints {', '.join(users)} use {element}.", hint="Stop sharing these blueprints first."
        )
