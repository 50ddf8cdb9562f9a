"""Blueprints and elements, as the catalogue answers them."""

from typing import Annotated, Any

import msgspec

from services.contracts.body import Body
from services.contracts.times import Timestamp

SHARED, WHOLE = "shared", "whole"
"""Templates that no role has: of what all batches share, and of all machines of a cluster at once."""
CATALOGUE = "catalogue"
"""Stands for the owner of what everybody may use."""
Owner = Annotated[
    str | None,
    msgspec.Meta(description="The project whose own it is; null is the catalogue's, which everybody may use."),
]
Texts = Annotated[dict[str, str], msgspec.Meta(max_length=500, description="Files of the folder by path, as text.")]


class BlueprintSummary(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: str
    summary: str
    icon: str | None
    roles: list[str]
    published_at: Timestamp
    owner: Owner = None
    shared: bool = False


class RoleNeeds(msgspec.Struct, frozen=True, kw_only=True):
    """A role of a blueprint: ``count`` is a number or ``{"parameter": name}``."""

    name: str
    resource_class: str
    flavor: str
    count: Any
    min_count: int
    max_count: int | None


class ElementUse(msgspec.Struct, frozen=True, kw_only=True):
    """An element of a blueprint, resolved to a version; ``values`` may hold ``{"parameter": name}`` references."""

    owner: Owner = None
    element: str
    version: str
    roles: list[str]
    values: dict[str, Any] = {}
    secrets: list[dict[str, Any]] = []
    timeout_seconds: int = 600
    reversible: bool = True


class BlueprintVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable version, whole; ``digest`` covers all of it.

    ``templates`` holds HOT by role, or one named ``whole`` that makes all machines at once, and beside it ``shared``;
    ``template_files`` nested templates by their base name; ``template_parameters`` the names of the parameters that the
    template ``whole`` is given as they are.
    """

    id: str
    name: str
    version: str
    summary: str
    icon: str | None
    readme: str
    parameters: dict[str, Any]
    roles: list[RoleNeeds]
    elements: list[ElementUse]
    templates: dict[str, str]
    template_files: dict[str, str] = {}
    template_parameters: list[str] = []
    outputs: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    digest: str
    published_at: Timestamp
    owner: Owner = None
    shared: bool = False


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What a UI needs to ask for the parameters: fields in order, each with its schema and hints."""

    blueprint: str
    version: str
    fields: list[dict[str, Any]]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One error of a blueprint or element: where (file, line from 1) and what to do."""

    file: str
    line: int | None
    message: str
    hint: str | None = None


SingleName = Annotated[
    str | None,
    msgspec.Meta(description="Of a single template, what the blueprint is to be called; its file's name if left out."),
]
SingleVersion = Annotated[
    str | None, msgspec.Meta(description="Of a single template, the blueprint's version; 1.0.0 if left out.")
]


class ValidateBlueprint(Body, frozen=True):
    """A blueprint's files, or one HOT template; with a project, what it has and sees of elements may be used."""

    files: Texts
    project: str | None = None
    name: SingleName = None
    version: SingleVersion = None


class ValidateElement(Body, frozen=True):
    """An element's files."""

    files: Texts


class Publish(Body, frozen=True):
    """The files of an element that becomes the project's own."""

    project: str
    files: Texts


class PublishBlueprint(Body, frozen=True):
    """The files of a blueprint, or one HOT template, that becomes the project's own."""

    project: str
    files: Texts
    name: SingleName = None
    version: SingleVersion = None


class ChangeSharing(Body, frozen=True):
    """Whether the other projects of the organisation may see and use all versions of it."""

    project: str
    shared: bool


class Sharing(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    owner: str
    shared: bool


class PublishedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a blueprint or element, by its content (``digest``)."""

    name: str
    version: str
    summary: str
    digest: str
    published_at: Timestamp
    owner: Owner = None
    shared: bool = False


class FileDifference(msgspec.Struct, frozen=True, kw_only=True):
    """What changed in one file: ``kind`` is added, removed or changed; ``lines`` is a unified diff."""

    path: str
    kind: str
    lines: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two versions: file by file, and in the parameters that a customer is asked for."""

    name: str
    before: str
    after: str
    files: list[FileDifference]
    parameters_added: list[str]
    parameters_removed: list[str]
    parameters_changed: list[str]


class FolderFiles(msgspec.Struct, frozen=True, kw_only=True):
    """A version's folder as it was published."""

    name: str
    version: str
    files: dict[str, str]


class ValidationReport(msgspec.Struct, frozen=True):
    valid: bool
    findings: list[Finding]


class ElementVersion(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: str
    summary: str
    provides: list[str]
    requires: list[str]
    conflicts: list[str]
    parameters: dict[str, Any]
    secrets: list[dict[str, Any]]
    timeout_seconds: int
    reversible: bool
    digest: str
    owner: Owner = None
    shared: bool = False
