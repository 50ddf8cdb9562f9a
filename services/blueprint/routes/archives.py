"""Archives that runs and exports need."""

from typing import Any

from sanic import HTTPResponse

from services.blueprint.factory import Factory
from services.blueprint.routes.choice import Whose, wanted
from services.blueprint.storage.kinds import BLUEPRINT, ELEMENT, Kind
from services.chassis.routing import Call, Exposure, RouteTable

routes = RouteTable("archives")


@routes.get(
    "/internal/blueprints/{name}/versions/{version}/archive",
    Exposure.INTERNAL,
    "blueprint.read",
    "Read what a blueprint's checks need",
    status=200,
)
async def read_checks_archive(call: Call[Factory, None, Whose]) -> HTTPResponse:
    """Return a tar archive of the checks' playbooks and what lies beside them, by their paths in the folder."""
    return await _archive(call, BLUEPRINT)


@routes.get(
    "/internal/elements/{name}/versions/{version}/archive",
    Exposure.INTERNAL,
    "blueprint.read",
    "Read an element's files",
    status=200,
)
async def read_element_archive(call: Call[Factory, None, Whose]) -> HTTPResponse:
    """Return a tar archive: the element's folder, and beside it ``library/``, the modules that all elements share."""
    return await _archive(call, ELEMENT)


async def _archive(call: Call[Factory, None, Whose], kind: Kind[Any]) -> HTTPResponse:
    _version, archive = await call.context.shelf.content(kind, call.caller, wanted(call), "archive")
    return HTTPResponse(archive, 200, content_type="application/x-tar")
