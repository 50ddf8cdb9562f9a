"""Credentials of projects at clouds."""

from services.chassis.routing import Call, Exposure, RouteTable
from services.contracts.identity import CloudCredential
from services.identity.factory import Context

routes = RouteTable("clouds")


@routes.post(
    "/internal/projects/{project_id}/clouds/{cloud_id}/credential",
    Exposure.INTERNAL,
    "cloud.credential",
    "Get a project's credential at a cloud",
    status=200,
)
async def get_cloud_credential(call: Call[Context, None, None]) -> CloudCredential:
    """Return how to be a project at its cloud; the Keystone project and user are made with the first use."""
    call.caller.require(call.path["project_id"])
    return await call.context.cloud_credentials.of(call.path["project_id"], call.path["cloud_id"])
