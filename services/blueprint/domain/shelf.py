"""What a caller sees of the catalogue, of their projects' own and of what is shared with these; and whose is meant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.blueprint.adapters.organisations import Organisations
from services.blueprint.domain.blueprint import Elements
from services.blueprint.domain.versions import newest
from services.blueprint.exceptions import AmbiguousName
from services.blueprint.storage import catalogue, own
from services.blueprint.storage.kinds import ELEMENT, Head, Kind, V
from services.chassis.auth.caller import Caller, Scope
from services.chassis.db import Database
from services.chassis.errors import NotFound
from services.contracts.blueprint import CATALOGUE, ElementVersion


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

    async def all(self, kind: Kind[Any], caller: Caller, owner: str | None, project: str | None) -> list[Head]:
        """Return the head of every version that the caller sees (of one owner), by name, owner and version."""
        found = await self._seen(kind, scope_of(caller, project), None, owner)
        return sorted(found, key=lambda head: (head.name, head.owner or "", head.version))

    async def versions(self, kind: Kind[Any], caller: Caller, wanted: Wanted) -> list[Head]:
        """Return the heads of all versions of one name and owner. Raises NotFound and AmbiguousName.

        Raises the problem of identity where what is not seen might be shared, and nobody can say with whom.
        """
        scope = scope_of(caller, wanted.project)
        found = await self._seen(kind, scope, wanted.name, wanted.owner)
        if not found and not _apart(scope, wanted.owner):
            await self.organisations.by_project(scope.projects)
        owner = whose(kind.name, wanted, {head.owner for head in found}, scope)
        return [head for head in found if head.owner == owner]

    async def one(self, kind: Kind[V], caller: Caller, wanted: Wanted) -> V:
        """Return one version whole, the newest if none is named. Raises NotFound and AmbiguousName."""
        head = chosen(await self.versions(kind, caller, wanted), wanted.version)
        async with await self._within(scope_of(caller, wanted.project), head.owner) as tx:
            if head.owner is None:
                found = await catalogue.version(tx, kind, head.name, head.version)
            else:
                found = await own.version(tx, kind, head.owner, head.name, head.version)
        if found is None:
            raise NotFound(name=head.name, version=head.version)
        return found

    async def content(self, kind: Kind[Any], caller: Caller, wanted: Wanted, column: str) -> tuple[Head, bytes]:
        """Return a version's head and its ``archive`` or ``folder``. Raises NotFound and AmbiguousName."""
        head = chosen(await self.versions(kind, caller, wanted), wanted.version)
        async with await self._within(scope_of(caller, wanted.project), head.owner) as tx:
            if head.owner is None:
                found = await catalogue.content(tx, kind, head.name, head.version, column)
            else:
                found = await own.content(tx, kind, head.owner, head.name, head.version, column)
        if found is None:
            raise NotFound(name=head.name, version=head.version, column=column)
        return head, found

    async def all_elements(self, scope: Scope, owner: str | None = None) -> list[ElementVersion]:
        """Return every element that is seen in a scope, whole: their documents are small."""
        async with await self._within(scope, owner) as tx:
            found = await catalogue.versions(tx, ELEMENT) if owner in (None, CATALOGUE) else []
            if owner != CATALOGUE:
                found += await own.versions(tx, ELEMENT, owner)
        return sorted(found, key=lambda one: (one.name, one.owner or "", one.version))

    async def elements(self, caller: Caller, project: str | None) -> Elements:
        """Return the elements that a blueprint of a project may use, by name and version.

        Of one name the project's own count, then the catalogue's, then what is shared with it.
        """
        found = await self.all_elements(scope_of(caller, project) if project else Scope())
        owners: dict[str, set[str | None]] = {}
        for one in found:
            owners.setdefault(one.name, set()).add(one.owner)
        known: Elements = {}
        for one in found:
            if one.owner == _first(owners[one.name], project):
                known.setdefault(one.name, {})[one.version] = one
        return known

    async def _seen(self, kind: Kind[Any], scope: Scope, name: str | None, owner: str | None) -> list[Head]:
        async with await self._within(scope, owner) as tx:
            found = await catalogue.heads(tx, kind, name) if owner in (None, CATALOGUE) else []
            if owner != CATALOGUE:
                found += await own.heads(tx, kind, name)
        return [head for head in found if owner in (None, CATALOGUE, head.owner)]

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


def chosen(found: Sequence[Head], version: str | None) -> Head:
    """Return the version that is named, else the newest. Raises NotFound."""
    wanted = version or newest(head.version for head in found)
    for head in found:
        if head.version == wanted:
            return head
    raise NotFound(version=version)


def scope_of(caller: Caller, project: str | None) -> Scope:
    """Return the scope of one project, if one is named: what the caller sees as it."""
    return caller.scope().narrowed(project) if project else caller.scope()


def _apart(scope: Scope, owner: str | None) -> bool:
    """Tell whether what others share can't be meant."""
    return owner == CATALOGUE or scope.everywhere or (owner is not None and scope.covers(owner))


def _first(owners: Iterable[str | None], project: str | None) -> str | None:
    ordered = sorted(owners, key=lambda owner: (owner is None or owner != project, owner is not None, owner or ""))
    return ordered[0]
