"""The two kinds of what is published: blueprints and elements."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

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
class Head:
    """What is known of a version without its document; ``icon`` and ``roles`` are a blueprint's.

    ``own_elements`` are those of the project's own that a blueprint of its own uses.
    """

    name: str
    version: str
    digest: str
    published_at: datetime
    summary: str
    icon: str | None
    roles: list[str]
    own_elements: list[str]
    owner: str | None = None
    shared: bool = False

    def told(self) -> PublishedVersion:
        """Return it as the API answers it."""
        return PublishedVersion(
            name=self.name,
            version=self.version,
            summary=self.summary,
            digest=self.digest,
            published_at=self.published_at,
            owner=self.owner,
            shared=self.shared,
        )


def head_of(version: BlueprintVersion | ElementVersion, project_id: str) -> dict[str, Any]:
    """Return what the head of a project's own version has beyond the columns of its row."""
    if isinstance(version, BlueprintVersion):
        own = sorted({use.element for use in version.elements if use.owner == project_id})
        roles = [role.name for role in version.roles]
        return {"summary": version.summary, "icon": version.icon, "roles": roles, "own_elements": own}
    return {"summary": version.summary, "icon": None, "roles": [], "own_elements": []}
