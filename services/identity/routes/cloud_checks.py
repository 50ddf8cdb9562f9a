"""Checks of clouds, as far as Keystone goes."""

from services.chassis.cloud.checking import examine
from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, RouteTable
from services.contracts.cloud_checks import CloudReport
from services.identity.adapters.keystone.probe import KeystoneProbe
from services.identity.domain.doctor import Doctor
from services.identity.factory import Context

routes = RouteTable("clouds")


@routes.post(
    "/v1/clouds/{cloud_id}/checks/identity",
    Exposure.OPERATOR,
    "cloud.check-identity",
    "Check a cloud's Keystone",
    status=200,
)
async def check_cloud_identity(call: Call[Context, None, None]) -> CloudReport:
    """Log in at Keystone anew and look at clock, catalogue and roles. Nothing is changed; takes seconds."""
    cloud_id = call.path["cloud_id"]
    settings = call.context.clouds.get(cloud_id)
    if settings is None:
        raise NotFound(cloud_id=cloud_id)
    probe = KeystoneProbe(settings.access(), settings.domain_id)
    try:
        return await examine("identity", cloud_id, Doctor(probe, settings).checks())
    finally:
        probe.close()
