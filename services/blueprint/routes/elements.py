"""Elements."""

from services.blueprint.domain.own_publishing import Upload
from services.blueprint.domain.shelf import scope_of
from services.blueprint.factory import Factory
from services.blueprint.routes.blueprints import UPLOAD_BYTES
from services.blueprint.routes.choice import ChooseVersion, UploadTo, Whose, wanted
from services.blueprint.storage.kinds import ELEMENT
from services.chassis.routing import Call, Exposure, Page, RouteTable
from services.contracts.blueprint import (
    ChangeSharing,
    ElementVersion,
    Publish,
    PublishedVersion,
    Sharing,
    ValidateElement,
    ValidationReport,
)

routes = RouteTable("elements")


@routes.get("/v1/elements", Exposure.PUBLIC, "blueprint.read", "List elements")
async def list_elements(call: Call[Factory, None, Whose]) -> Page[ElementVersion]:
    """List every version of every element by name: the catalogue's, one's projects' own, and what is shared."""
    scope = scope_of(call.caller, call.query.project)
    return Page(await call.context.shelf.all_elements(scope, call.query.owner))


@routes.get("/v1/elements/{name}", Exposure.PUBLIC, "blueprint.read", "Show an element")
async def show_element(call: Call[Factory, None, ChooseVersion]) -> ElementVersion:
    return await call.context.shelf.one(ELEMENT, call.caller, wanted(call, call.query.version))


@routes.post(
    "/v1/elements/validate",
    Exposure.PUBLIC,
    "blueprint.read",
    "Validate an element",
    status=200,
    body_bytes=UPLOAD_BYTES,
)
async def validate_element_files(call: Call[Factory, ValidateElement, None]) -> ValidationReport:
    """Say everything that is wrong with the files of an element's folder. Nothing is kept."""
    task = await call.context.own.task(ELEMENT, call.caller, None, Upload(texts=call.body.files))
    findings = (await call.context.validation.run(task)).findings
    return ValidationReport(valid=not findings, findings=findings)


@routes.post(
    "/v1/elements",
    Exposure.PUBLIC,
    "blueprint.publish",
    "Publish an element",
    needs_idempotency_key=True,
    body_bytes=UPLOAD_BYTES,
)
async def publish_element(call: Call[Factory, Publish, None]) -> PublishedVersion:
    """Publish a version of a project's own element from texts. It never changes; the same again changes nothing."""
    upload = Upload(texts=call.body.files)
    return await call.context.own.publish(ELEMENT, call.caller, call.body.project, upload)


@routes.post(
    "/v1/elements/archive",
    Exposure.PUBLIC,
    "blueprint.publish",
    "Publish an element from an archive",
    needs_idempotency_key=True,
    body_bytes=UPLOAD_BYTES,
)
async def publish_element_archive(call: Call[Factory, bytes, UploadTo]) -> PublishedVersion:
    """Publish a version of a project's own element from a tar archive, plain or by gzip."""
    upload = Upload(archive=call.body)
    return await call.context.own.publish(ELEMENT, call.caller, call.query.project, upload)


@routes.put("/v1/elements/{name}/sharing", Exposure.PUBLIC, "blueprint.publish", "Share an element, or stop to")
async def share_element(call: Call[Factory, ChangeSharing, None]) -> Sharing:
    """Let the other projects of the organisation see and use all its versions; only its own project changes it."""
    return await call.context.own.share(ELEMENT, call.caller, call.body.project, call.path["name"], call.body.shared)
