"""Blueprints."""

from itertools import groupby

from services.blueprint.domain.form import form_of
from services.blueprint.domain.own_publishing import Upload
from services.blueprint.domain.shelf import chosen
from services.blueprint.factory import Factory
from services.blueprint.policy import require_project
from services.blueprint.routes.choice import ChooseVersion, UploadTo, Whose, wanted
from services.blueprint.storage.kinds import BLUEPRINT, Head
from services.chassis.routing import Call, Exposure, Page, RouteTable
from services.contracts.blueprint import (
    BlueprintSummary,
    BlueprintVersion,
    ChangeSharing,
    Form,
    PublishBlueprint,
    PublishedVersion,
    Sharing,
    ValidateBlueprint,
    ValidationReport,
)

routes = RouteTable("blueprints")
UPLOAD_BYTES = 6_000_000


@routes.get("/v1/blueprints", Exposure.PUBLIC, "blueprint.read", "List blueprints")
async def list_blueprints(call: Call[Factory, None, Whose]) -> Page[BlueprintSummary]:
    """List the newest version of each blueprint: the catalogue's, one's projects' own, and what is shared with them."""
    found = await call.context.shelf.all(BLUEPRINT, call.caller, call.query.owner, call.query.project)
    by_name = groupby(found, key=lambda head: (head.name, head.owner))
    return Page([_summary(chosen(list(versions), None)) for _, versions in by_name])


@routes.get("/v1/blueprints/{name}", Exposure.PUBLIC, "blueprint.read", "Show a blueprint")
async def show_blueprint(call: Call[Factory, None, ChooseVersion]) -> BlueprintVersion:
    return await call.context.shelf.one(BLUEPRINT, call.caller, wanted(call, call.query.version))


@routes.get("/v1/blueprints/{name}/form", Exposure.PUBLIC, "blueprint.read", "Show a blueprint's form")
async def show_blueprint_form(call: Call[Factory, None, ChooseVersion]) -> Form:
    return form_of(await call.context.shelf.one(BLUEPRINT, call.caller, wanted(call, call.query.version)))


@routes.post(
    "/v1/blueprints/validate",
    Exposure.PUBLIC,
    "blueprint.read",
    "Validate a blueprint",
    status=200,
    body_bytes=UPLOAD_BYTES,
)
async def validate_blueprint_files(call: Call[Factory, ValidateBlueprint, None]) -> ValidationReport:
    """Say everything that is wrong with the files of a blueprint's folder, or with one template. Nothing is kept."""
    project = call.body.project
    if project:
        require_project(call.caller, project)
    upload = Upload(texts=call.body.files, name=call.body.name, version=call.body.version)
    task = await call.context.own.task(BLUEPRINT, call.caller, project, upload)
    findings = (await call.context.validation.run(task)).findings
    return ValidationReport(valid=not findings, findings=findings)


@routes.post(
    "/v1/blueprints",
    Exposure.PUBLIC,
    "blueprint.publish",
    "Publish a blueprint",
    needs_idempotency_key=True,
    body_bytes=UPLOAD_BYTES,
)
async def publish_blueprint(call: Call[Factory, PublishBlueprint, None]) -> PublishedVersion:
    """Publish a version of a project's own blueprint from texts. It never changes; the same again changes nothing.

    One HOT template becomes a blueprint: its parameters are asked, its servers are the machines.
    """
    upload = Upload(texts=call.body.files, name=call.body.name, version=call.body.version)
    return await call.context.own.publish(BLUEPRINT, call.caller, call.body.project, upload)


@routes.post(
    "/v1/blueprints/archive",
    Exposure.PUBLIC,
    "blueprint.publish",
    "Publish a blueprint from an archive",
    needs_idempotency_key=True,
    body_bytes=UPLOAD_BYTES,
)
async def publish_blueprint_archive(call: Call[Factory, bytes, UploadTo]) -> PublishedVersion:
    """Publish a version of a project's own blueprint from a tar archive, plain or by gzip."""
    upload = Upload(archive=call.body)
    return await call.context.own.publish(BLUEPRINT, call.caller, call.query.project, upload)


@routes.put("/v1/blueprints/{name}/sharing", Exposure.PUBLIC, "blueprint.publish", "Share a blueprint, or stop to")
async def share_blueprint(call: Call[Factory, ChangeSharing, None]) -> Sharing:
    """Let the other projects of the organisation see and use all its versions; only its own project changes it."""
    body = call.body
    return await call.context.own.share(BLUEPRINT, call.caller, body.project, call.path["name"], body.shared)


@routes.get(
    "/internal/blueprints/{name}/versions/{version}", Exposure.INTERNAL, "blueprint.read", "Read a blueprint's version"
)
async def read_blueprint_version(call: Call[Factory, None, Whose]) -> BlueprintVersion:
    """Return one version whole; ``newest`` stands for the highest."""
    return await call.context.shelf.one(BLUEPRINT, call.caller, wanted(call))


def _summary(head: Head) -> BlueprintSummary:
    return BlueprintSummary(
        name=head.name,
        version=head.version,
        summary=head.summary,
        icon=head.icon,
        roles=head.roles,
        published_at=head.published_at,
        owner=head.owner,
        shared=head.shared,
    )
