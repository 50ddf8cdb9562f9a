"""What can go wrong in the blueprint service."""

from collections.abc import Iterable

from services.chassis.errors import Conflict, FieldProblem, InvalidRequest
from services.contracts.blueprint import Finding


class InvalidUpload(InvalidRequest):
    """``errors`` has every finding, its file as the pointer's last part."""

    slug = "invalid-upload"
    title = "The files can't be published"

    def __init__(self, kind: str, findings: Iterable[Finding]) -> None:
        errors = tuple(_problem(item) for item in findings)
        super().__init__(f"The {kind} is not valid; nothing is kept.", errors=errors)


class AmbiguousName(Conflict):
    slug = "ambiguous-name"
    title = "Several go by this name"


class NameReserved(Conflict):
    slug = "name-reserved"
    title = "The name is taken"


class VersionExists(Conflict):
    slug = "version-exists"
    title = "This version is published with another content"


class ProjectFull(Conflict):
    slug = "project-full"
    title = "The project has as many versions as it may have"


class NotShared(Conflict):
    slug = "element-not-shared"
    title = "It uses elements that are not shared"


class InUse(Conflict):
    slug = "element-in-use"
    title = "Shared blueprints use it"


def _problem(item: Finding) -> FieldProblem:
    place = f"/files/{item.file.replace('~', '~0').replace('/', '~1')}" if item.file else "/files"
    return FieldProblem(place, f"Line {item.line}: {item.message}" if item.line else item.message, item.hint)
