"""What a caller sees of the catalogue, of their projects' own and of what is shared with these; and whose is meant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.blueprint.adapters.organisations import Organisations
from services.blueprint.domain.blueprint import Elements
from services.blueprint.domain.versions import newest
from services.blueprint.exceptions import AmbiguousName
from services.blueprint.storage import catalogue, own
from services.blueprint.storage.kinds import ELEMENT, Kept, Kind, V
from services.chassis.auth.caller import Caller, Scope
from services.chassis.db import Database
from services.chassis.errors import NotFound
from services.contracts.blueprint import CATALOGUE


@dataclass(frozen=True)
class Wanted:
    """Which one: of ``owner`` (a project, or ``catalogue``); if none is named, as ``project`` understands ``name``."""

    name: str
    version: str | None = None
    owner: str | None = None
    project: str | None = None


@dataclass(frozen=True)
class Shelf:
    """Reads what there is, within what the caller may see."""

    db: Database
    organisations: Organisations

    async def all(self, kind: Kind[V], caller: Caller, owner: str | None, project: str | None) -> list[Kept[V]]:
        """Return every version that the caller sees (of one owner), by name, owner and version."""
        found = await self._seen(kind, _scope(caller, project), None, owner)
        return sorted(found, key=lambda kept: (kept.version.name, kept.owner or "", kept.version.version))

    async def versions(self, kind: Kind[V], caller: Caller, wanted: Wanted) -> list[Kept[V]]:
        """Return all versions of one name and owner. Raises NotFound and AmbiguousName.

        Raises the problem of identity where what is not seen might be shared, and nobody can say with whom.
        """
        scope = _scope(caller, wanted.project)
        found = await self._seen(kind, scope, wanted.name, wanted.owner)
        if not found and not _apart(scope, wanted.owner):
            await self.organisations.by_project(scope.projects)
        owner = whose(kind.name, wanted, {kept.owner for kept in found}, scope)
        return [kept for kept in found if kept.owner == owner]

    async def one(self, kind: Kind[V], caller: Caller, wanted: Wanted) -> Kept[V]:
        """Return one version, the newest if none is named. Raises NotFound and AmbiguousName."""
        return chosen(await self.versions(kind, caller, wanted), wanted.version)

    async def content(self, kind: Kind[V], caller: Caller, wanted: Wanted, column: str) -> tuple[V, bytes]:
        """Return a version and its ``archive`` or ``folder``. Raises NotFound and AmbiguousName."""
        kept = await self.one(kind, caller, wanted)
        version = kept.version
        async with await self._within(_scope(caller, wanted.project), kept.owner) as tx:
            if kept.owner is None:
                found = await catalogue.content(tx, kind, version.name, version.version, column)
            else:
                found = await own.content(tx, kind, kept.owner, version.name, version.version, column)
        if found is None:
            raise NotFound(name=version.name, version=version.version, column=column)
        return version, found

    async def elements(self, caller: Caller, project: str | None) -> Elements:
        """Return the elements that a blueprint of a project may use, by name and version.

        Of one name the project's own count, then the catalogue's, then what is shared with it.
        """
        scope = _scope(caller, project) if project else Scope()
        found = await self._seen(ELEMENT, scope, None, None)
        owners: dict[str, set[str | None]] = {}
        for kept in found:
            owners.setdefault(kept.version.name, set()).add(kept.owner)
        known: Elements = {}
        for kept in found:
            if kept.owner == _first(owners[kept.version.name], project):
                known.setdefault(kept.version.name, {})[kept.version.version] = kept.version
        return known

    async def _seen(self, kind: Kind[V], scope: Scope, name: str | None, owner: str | None) -> list[Kept[V]]:
        async with await self._within(scope, owner) as tx:
            found = await catalogue.versions(tx, kind, name) if owner in (None, CATALOGUE) else []
            if owner != CATALOGUE:
                found += await own.versions(tx, kind, name)
        return [kept for kept in found if owner in (None, CATALOGUE, kept.owner)]

    async def _within(self, scope: Scope, owner: str | None) -> Any:
        """Open a transaction on what may be meant."""
        organisations = frozenset[str]() if _apart(scope, owner) else await self.organisations.of(scope)
        return own.within(self.db, scope, organisations)


def whose(kind: str, wanted: Wanted, owners: set[str | None], scope: Scope) -> str | None:
    """Return the owner that is meant among those who have the name; None is the catalogue.

    A name that the catalogue has as well is never one or the other silently. Raises NotFound and AmbiguousName.
    """
    if not owners:
        raise NotFound(kind=kind, name=wanted.name, owner=wanted.owner)
    mine = [owner for owner in owners if owner is not None and scope.covers(owner)]
    if len(owners) == 1:
        return next(iter(owners))
    if None not in owners and len(mine) == 1:
        return mine[0]
    told = ", ".join(sorted(owner or CATALOGUE for owner in owners))
    raise AmbiguousName(
        f"There are several {kind}s {wanted.name}, of: {told}.",
        hint="Say whose you mean: owner, with one of these.",
    )


def chosen(found: Sequence[Kept[V]], version: str | None) -> Kept[V]:
    """Return the version that is named, else the newest. Raises NotFound."""
    wanted = version or newest(kept.version.version for kept in found)
    for kept in found:
        if kept.version.version == wanted:
            return kept
    raise NotFound(version=version)


def _scope(caller: Caller, project: str | None) -> Scope:
    return caller.scope().narrowed(project) if project else caller.scope()


def _apart(scope: Scope, owner: str | None) -> bool:
    """Tell whether what others share can't be meant."""
    return owner == CATALOGUE or scope.everywhere or (owner is not None and scope.covers(owner))


def _first(owners: Iterable[str | None], project: str | None) -> str | None:
    ordered = sorted(owners, key=lambda owner: (owner is None or owner != project, owner is not None, owner or ""))
    return ordered[0]
