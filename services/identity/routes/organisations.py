"""Organisations."""

from services.chassis.ids import new_id
from services.chassis.routing import Call, Exposure, Page, Paging, RouteTable
from services.contracts.identity import CreateOrganisation, Organisation
from services.identity.factory import Context
from services.identity.storage import projects

routes = RouteTable("organisations")


@routes.get("/v1/organisations", Exposure.PUBLIC, "account.read", "List organisations")
async def list_organisations(call: Call[Context, None, Paging]) -> Page[Organisation]:
    """List the organisations that one has a project in; operators see all."""
    scope = call.caller.scope("project.read")
    async with call.context.db.unscoped() as tx:
        items, cursor = await projects.page_of_organisations(tx, scope, call.query.limit, call.query.cursor)
    return Page(items, cursor)


@routes.post(
    "/v1/organisations", Exposure.OPERATOR, "project.create", "Create an organisation", needs_idempotency_key=True
)
async def create_organisation(call: Call[Context, CreateOrganisation, None]) -> Organisation:
    """Create an organisation; its name is unique."""
    async with call.context.db.unscoped() as tx:
        return await projects.add_organisation(tx, new_id("org"), call.body.name)
