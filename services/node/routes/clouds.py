"""Checks of clouds, as far as Ironic goes."""

from services.chassis.cloud.checking import examine
from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, RouteTable
from services.contracts.cloud_checks import CloudReport
from services.node.adapters.ironic_probe import IronicProbe
from services.node.domain.doctor import Doctor
from services.node.factory import Factory

routes = RouteTable("clouds")


@routes.post(
    "/v1/clouds/{cloud_id}/checks/node", Exposure.OPERATOR, "cloud.check-node", "Check a cloud's machines", status=200
)
async def check_cloud_machines(call: Call[Factory, None, None]) -> CloudReport:
    """Log in at Ironic anew and look at conductors, drivers and every node. Nothing is changed; takes seconds."""
    cloud_id = call.path["cloud_id"]
    if cloud_id not in call.context.settings.clouds:
        raise NotFound(cloud_id=cloud_id)
    probe = IronicProbe(cloud_id, call.context.settings.clouds[cloud_id].access())
    try:
        return await examine("node", cloud_id, Doctor(probe).checks())
    finally:
        probe.close()
