"""Blueprints and elements, as the catalogue answers them."""

from typing import Annotated, Any

import msgspec

from services.contracts.body import Body
from services.contracts.times import Timestamp


class BlueprintSummary(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: str
    summary: str
    icon: str | None
    roles: list[str]
    published_at: Timestamp


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

    element: str
    version: str
    roles: list[str]
    values: dict[str, Any] = {}
    secrets: list[dict[str, Any]] = []
    timeout_seconds: int = 600
    reversible: bool = True


class BlueprintVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable version, whole; ``digest`` covers all of it.

    ``templates`` holds HOT by role (and ``shared``), ``template_files`` nested templates by their base name.
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
    outputs: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    digest: str
    published_at: Timestamp


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What a UI needs to ask for the parameters: fields in order, each with its schema and hints."""

    blueprint: str
    version: str
    fields: list[dict[str, Any]]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One error of a blueprint: where (file, line from 1) and what to do."""

    file: str
    line: int | None
    message: str
    hint: str | None = None


class ValidateBlueprint(Body, frozen=True):
    """Files of a blueprint folder by their path, as text."""

    files: Annotated[dict[str, str], msgspec.Meta(max_length=500)]


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
