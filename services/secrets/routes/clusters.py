"""The authority and the secrets of a cluster."""

from services.chassis.errors import FieldProblem, InvalidRequest
from services.chassis.routing import Call, Exposure, RouteTable
from services.contracts.secrets import Authority, Certificate, EnsureAuthority, ReadSecrets, SecretValues, SignRequest
from services.secrets.factory import Context

routes = RouteTable("clusters")


@routes.put(
    "/internal/clusters/{cluster_id}/authority", Exposure.INTERNAL, "authority.use", "Make a cluster's authority"
)
async def ensure_authority(call: Call[Context, EnsureAuthority, None]) -> Authority:
    """Make the SSH authority and the secrets of a cluster, once; what is there stays as it is."""
    call.caller.require(call.body.project_id)
    _check_same(call.path["cluster_id"], call.body.cluster_id)
    return await call.context.clusters.ensure(call.body)


@routes.post(
    "/internal/clusters/{cluster_id}/secrets/read",
    Exposure.INTERNAL,
    "authority.sign",
    "Read a cluster's secrets",
    status=200,
)
async def read_secrets(call: Call[Context, ReadSecrets, None]) -> SecretValues:
    """Return the secrets that a run needs, by name."""
    call.caller.require(call.body.project_id)
    return await call.context.clusters.read(call.path["cluster_id"], call.body)


@routes.post("/internal/clusters/{cluster_id}/certificates", Exposure.INTERNAL, "authority.sign", "Sign a run's key")
async def sign_certificate(call: Call[Context, SignRequest, None]) -> Certificate:
    """Sign the public key of one run for the hosts of one cluster."""
    call.caller.require(call.body.project_id)
    _check_same(call.path["cluster_id"], call.body.cluster_id)
    return await call.context.clusters.sign(call.body)


@routes.delete("/internal/clusters/{cluster_id}", Exposure.INTERNAL, "authority.use", "Destroy a cluster's authority")
async def destroy_cluster_secrets(call: Call[Context, None, None]) -> None:
    """Destroy the authority and all secrets of a cluster; doing it again changes nothing."""
    await call.context.clusters.destroy(call.path["cluster_id"], call.caller.scope())


def _check_same(in_path: str, in_body: str) -> None:
    if in_path != in_body:
        problem = FieldProblem("/cluster_id", f"It is {in_body}, but the address names {in_path}.")
        raise InvalidRequest("Address and body name different clusters.", errors=(problem,))
