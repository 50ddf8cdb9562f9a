"""Projects."""

from services.chassis import outbox
from services.chassis.bus import new_event
from services.chassis.errors import FieldProblem, NotFound
from services.chassis.ids import new_id
from services.chassis.routing import Call, Exposure, Page, Paging, RouteTable
from services.contracts.identity import AskOrganisations, CreateProject, Project, ProjectOrganisations
from services.identity.exceptions import UnknownReference
from services.identity.factory import Context
from services.identity.storage import projects

routes = RouteTable("projects")


@routes.get("/v1/projects", Exposure.PUBLIC, "account.read", "List projects")
async def list_projects(call: Call[Context, None, Paging]) -> Page[Project]:
    """List the projects that one belongs to, the newest first; operators see all."""
    scope = call.caller.scope("project.read")
    async with call.context.db.unscoped() as tx:
        items, cursor = await projects.page(tx, scope, call.query.limit, call.query.cursor)
    return Page(items, cursor)


@routes.get("/v1/projects/{project_id}", Exposure.PUBLIC, "account.read", "Show a project")
async def show_project(call: Call[Context, None, None]) -> Project:
    """Show one project."""
    project_id = call.path["project_id"]
    async with call.context.db.unscoped() as tx:
        project = await projects.get(tx, project_id)
    if project is None or not call.caller.may("project.read", project_id):
        raise NotFound(project_id=project_id)
    return project


@routes.post("/v1/projects", Exposure.OPERATOR, "project.create", "Create a project", needs_idempotency_key=True)
async def create_project(call: Call[Context, CreateProject, None]) -> Project:
    """Create a project in an organisation, named by id or name. Its first manager is set as a member."""
    async with call.context.db.unscoped() as tx:
        organisation = await projects.find_organisation(tx, call.body.organisation)
        if organisation is None:
            problem = FieldProblem("/organisation", f"There is no organisation {call.body.organisation}.")
            raise UnknownReference("The project can't be made.", errors=(problem,))
        project = await projects.add(tx, new_id("prj"), organisation.id, call.body.name)
        data = {"name": project.name, "organisation": organisation.name}
        created = new_event(
            "identity.project.created", source="identity", subject=project.id, project_id=project.id, data=data
        )
        await outbox.add(tx, created)
    return project


@routes.post(
    "/internal/projects/organisations",
    Exposure.INTERNAL,
    None,
    "Tell the organisations of projects",
    callers=("blueprint",),
    status=200,
)
async def tell_project_organisations(call: Call[Context, AskOrganisations, None]) -> ProjectOrganisations:
    """Return the organisation of each of some projects."""
    async with call.context.db.unscoped() as tx:
        return ProjectOrganisations(await projects.organisations_of(tx, call.body.projects))
