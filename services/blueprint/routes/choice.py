"""The query parameters by which a caller says which version, and whose, is meant."""

from typing import Any

import msgspec

from services.blueprint.domain.shelf import Wanted
from services.chassis.routing import Call


class Whose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which owner (a project's id, or ``catalogue``), and as which project sees it; all that one sees if neither."""

    owner: str | None = None
    project: str | None = None


class ChooseVersion(Whose, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version; the newest if none is named."""

    version: str | None = None


class ChooseTwo(Whose, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which two versions; what comes after is the newest if none is named."""

    before: str
    after: str | None = None


class UploadTo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The project whose own it becomes."""

    project: str


def wanted(call: Call[Any, Any, Any], version: str | None = None) -> Wanted:
    """Return what the path and the query ask for; ``newest`` stands for the highest version."""
    named = version or call.path.get("version")
    query = call.query
    return Wanted(call.path["name"], None if named == "newest" else named, query.owner, query.project)
