"""Blueprints."""

from typing import Any

import msgspec

from services.blueprint.domain.form import form_of
from services.blueprint.domain.versions import newest
from services.blueprint.factory import Factory
from services.blueprint.storage import catalogue
from services.blueprint.validate import Task
from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, Page, RouteTable
from services.contracts.blueprint import (
    BlueprintSummary,
    BlueprintVersion,
    Form,
    ValidateBlueprint,
    ValidationReport,
)

routes = RouteTable("blueprints")
_VALIDATE_BYTES = 6_000_000


class ChooseVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version; the newest if none is named."""

    version: str | None = None


@routes.get("/v1/blueprints", Exposure.PUBLIC, "blueprint.read", "List blueprints")
async def list_blueprints(call: Call[Factory, None, None]) -> Page[BlueprintSummary]:
    """List the newest version of each blueprint."""
    async with call.context.db.unscoped() as tx:
        found = await catalogue.blueprints(tx)
    names = sorted({item.name for item in found})
    return Page([_summary(_newest([item for item in found if item.name == name])) for name in names])


@routes.get("/v1/blueprints/{name}", Exposure.PUBLIC, "blueprint.read", "Show a blueprint")
async def show_blueprint(call: Call[Factory, None, ChooseVersion]) -> BlueprintVersion:
    return await _version(call, call.query.version)


@routes.get("/v1/blueprints/{name}/form", Exposure.PUBLIC, "blueprint.read", "Show a blueprint's form")
async def show_blueprint_form(call: Call[Factory, None, ChooseVersion]) -> Form:
    return form_of(await _version(call, call.query.version))


@routes.post(
    "/v1/blueprints/validate",
    Exposure.PUBLIC,
    "blueprint.read",
    "Validate a blueprint",
    status=200,
    body_bytes=_VALIDATE_BYTES,
)
async def validate_blueprint_files(call: Call[Factory, ValidateBlueprint, None]) -> ValidationReport:
    """Say everything that is wrong with the files of a blueprint's folder. Nothing is kept."""
    async with call.context.db.unscoped() as tx:
        known = await call.context.publisher.known_elements(tx)
    findings = await call.context.validation.run(Task(call.body.files, call.context.publisher.schema(), known))
    return ValidationReport(valid=not findings, findings=findings)


@routes.get(
    "/internal/blueprints/{name}/versions/{version}", Exposure.INTERNAL, "blueprint.read", "Read a blueprint's version"
)
async def read_blueprint_version(call: Call[Factory, None, None]) -> BlueprintVersion:
    """Return one version whole; ``newest`` stands for the highest."""
    wanted = call.path["version"]
    return await _version(call, None if wanted == "newest" else wanted)


async def _version(call: Call[Factory, Any, Any], version: str | None) -> BlueprintVersion:
    async with call.context.db.unscoped() as tx:
        found = await catalogue.blueprints(tx, call.path["name"])
    chosen = [item for item in found if version in (None, item.version)]
    if not chosen:
        raise NotFound(blueprint=call.path["name"], version=version)
    return _newest(chosen)


def _newest(found: list[BlueprintVersion]) -> BlueprintVersion:
    version = newest(item.version for item in found)
    return next(item for item in found if item.version == version)


def _summary(item: BlueprintVersion) -> BlueprintSummary:
    return BlueprintSummary(
        name=item.name,
        version=item.version,
        summary=item.summary,
        icon=item.icon,
        roles=[role.name for role in item.roles],
        published_at=item.published_at,
    )
