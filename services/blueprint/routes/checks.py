"""Checks of blueprints."""

from sanic import HTTPResponse

from services.blueprint.factory import Factory
from services.blueprint.storage import catalogue
from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, RouteTable

routes = RouteTable("checks")


@routes.get(
    "/internal/blueprints/{name}/versions/{version}/archive",
    Exposure.INTERNAL,
    "blueprint.read",
    "Read what a blueprint's checks need",
    status=200,
)
async def read_checks_archive(call: Call[Factory, None, None]) -> HTTPResponse:
    """Return a tar archive of the checks' playbooks and what lies beside them, by their paths in the folder."""
    async with call.context.db.unscoped() as tx:
        archive = await catalogue.checks_of(tx, call.path["name"], call.path["version"])
    if archive is None:
        raise NotFound(blueprint=call.path["name"], version=call.path["version"])
    return HTTPResponse(archive, 200, content_type="application/x-tar")
