"""Whether hosts answer, and with which host keys."""

from services.chassis.routing import Call, Exposure, RouteTable
from services.contracts.runs import Probe, ProbeReport, ProbeRequest
from services.relay.domain import probe
from services.relay.factory import Factory
from services.relay.routes.names import check_hosts
from services.relay.routes.streams import target_of

routes = RouteTable("probes")


@routes.post("/internal/probes", Exposure.INTERNAL, "host.connect", "Probe hosts", status=200)
async def probe_hosts(call: Call[Factory, ProbeRequest, None]) -> ProbeReport:
    """Say for each host whether its SSH answers and with which host key, or why it does not."""
    body, context = call.body, call.context
    call.caller.require(body.project_id)
    check_hosts(body.hosts)
    targets = [target_of(host) for host in body.hosts]
    for target in targets:
        context.clouds.check(body.cloud_id, target)
    at_once = context.settings.probes_at_once
    found = await probe.probe_all(context.clouds, body.cloud_id, targets, body.timeout_seconds, at_once)
    return ProbeReport([_answer(one) for one in found])


def _answer(found: probe.Probe) -> Probe:
    return Probe(
        host_id=found.host_id,
        reachable=found.reachable,
        banner=found.banner,
        host_keys=list(found.host_keys),
        reason=found.reason,
    )
