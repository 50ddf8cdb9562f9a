"""Clouds, and checks of them as a project sees them."""

from services.chassis.cloud.checking import examine
from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, Page, Paging, RouteTable
from services.cluster.adapters.catalogue import Catalogue
from services.cluster.domain.doctor import Doctor
from services.cluster.factory import Factory
from services.contracts.cloud_checks import CheckCloud, Cloud, CloudReport

routes = RouteTable("clouds")


@routes.get("/v1/clouds", Exposure.OPERATOR, "cloud.check-cluster", "List the clouds")
async def list_clouds(call: Call[Factory, None, Paging]) -> Page[Cloud]:
    """List the clouds that clusters can be built on, by name; there are few, so that one page holds them all."""
    settings = call.context.settings
    return Page([Cloud(id=name, default=name == settings.default_cloud) for name in sorted(settings.clouds)])


@routes.post(
    "/v1/clouds/{cloud_id}/checks/cluster",
    Exposure.OPERATOR,
    "cloud.check-cluster",
    "Check a cloud as a project sees it",
    status=200,
)
async def check_cloud_for_clusters(call: Call[Factory, CheckCloud, None]) -> CloudReport:
    """Look at a cloud with a project's own credential, and at what only its operator sees; nothing is built.

    The project's user at the cloud is made if this is its first use. It takes seconds.
    """
    cloud_id = call.path["cloud_id"]
    if cloud_id not in call.context.settings.clouds:
        raise NotFound(cloud_id=cloud_id)
    catalogue = Catalogue(call.context.process.client("blueprint"))
    doctor = Doctor(call.context.deps, catalogue, cloud_id, call.body)
    try:
        return await examine("cluster", cloud_id, doctor.checks())
    finally:
        doctor.close()
