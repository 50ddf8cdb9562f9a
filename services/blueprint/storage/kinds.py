"""The two kinds of what is published: blueprints and elements."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import Table

from services.blueprint.schema import blueprint_versions, element_versions
from services.contracts.blueprint import BlueprintVersion, ElementVersion, PublishedVersion

V = TypeVar("V", BlueprintVersion, ElementVersion)


@dataclass(frozen=True)
class Kind(Generic[V]):
    """``name`` in a word; the type of its versions; the catalogue's table of them."""

    name: str
    type: type[V]
    catalogue: Table


BLUEPRINT = Kind("blueprint", BlueprintVersion, blueprint_versions)
ELEMENT = Kind("element", ElementVersion, element_versions)


@dataclass(frozen=True)
class Kept(Generic[V]):
    """A version as it is kept: the catalogue's, or a project's own."""

    version: V
    published_at: datetime

    @property
    def owner(self) -> str | None:
        return self.version.owner

    def told(self) -> PublishedVersion:
        """Return it in short."""
        one = self.version
        return PublishedVersion(
            name=one.name,
            version=one.version,
            summary=one.summary,
            digest=one.digest,
            published_at=self.published_at,
            owner=one.owner,
            shared=one.shared,
        )
