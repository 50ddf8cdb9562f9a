"""Elements."""

from sanic import HTTPResponse

from services.blueprint.domain.versions import newest
from services.blueprint.factory import Factory
from services.blueprint.routes.blueprints import ChooseVersion
from services.blueprint.storage import catalogue
from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, Page, RouteTable
from services.contracts.blueprint import ElementVersion

routes = RouteTable("elements")


@routes.get("/v1/elements", Exposure.PUBLIC, "blueprint.read", "List elements")
async def list_elements(call: Call[Factory, None, None]) -> Page[ElementVersion]:
    """List every version of every element, by name."""
    async with call.context.db.unscoped() as tx:
        found = await catalogue.elements(tx)
    return Page(sorted(found, key=lambda item: (item.name, item.version)))


@routes.get("/v1/elements/{name}", Exposure.PUBLIC, "blueprint.read", "Show an element")
async def show_element(call: Call[Factory, None, ChooseVersion]) -> ElementVersion:
    async with call.context.db.unscoped() as tx:
        found = {item.version: item for item in await catalogue.elements(tx, call.path["name"])}
    version = call.query.version or newest(found)
    if version not in found:
        raise NotFound(element=call.path["name"], version=version)
    return found[version]


@routes.get(
    "/internal/elements/{name}/versions/{version}/archive",
    Exposure.INTERNAL,
    "blueprint.read",
    "Read an element's files",
    status=200,
)
async def read_element_archive(call: Call[Factory, None, None]) -> HTTPResponse:
    """Return a tar archive: the element's folder, and beside it ``library/``, the modules that all elements share."""
    async with call.context.db.unscoped() as tx:
        archive = await catalogue.archive_of(tx, call.path["name"], call.path["version"])
    if archive is None:
        raise NotFound(element=call.path["name"])
    return HTTPResponse(archive, 200, content_type="application/x-tar")
