"""What the checks of a cloud ask of its Heat: whether it answers a project, and would take its largest batch."""

from dataclasses import dataclass
from typing import Any

from heatclient import exc as heat_errors
from heatclient.v1.client import Client as HeatClient
from keystoneauth1.session import Session

from services.chassis.cloud import CloudAccess

_NAME = "cloudpoint-doctor"
_VERSION = "2021-04-16"
# Of a machine in a role's template: its part of the group, its port, its server; and the group itself.
_RESOURCES_PER_MACHINE, _RESOURCES_PER_BATCH = 3, 1

_LIMITS = ("max_resources_per_stack", "max_stacks_per_tenant")
_SIGNS_OF_LIMITS = ("Maximum resources per stack", "maximum stacks per tenant")


@dataclass(frozen=True)
class Refusal:
    """Why Heat would not take a batch, in its words; ``limits`` names those of heat.conf, if they are why."""

    words: str
    limits: tuple[str, ...] = ()


def reach(session: Session, access: CloudAccess) -> None:
    """Ask Heat for the project's groups; raises what the client raises."""
    next(iter(_client(session, access).stacks.list(limit=1)), None)


def refusal_of_batch(
    session: Session, access: CloudAccess, *, machines: int, image: str, flavor: str, network: str
) -> Refusal | None:
    """Have Heat look through a batch of ``machines`` without making it; returns why it refuses, if it does.

    Heat counts resources and groups against its limits, and asks Nova, Glance and Neutron for what is named, as the
    project's user, just as it does for a build.
    """
    client = _client(session, access)
    template = _batch(machines, image, flavor, network)
    try:
        client.stacks.preview(stack_name=_NAME, template=template, disable_rollback=True)
    except (heat_errors.HTTPBadRequest, heat_errors.HTTPForbidden) as error:
        words = str(error)
        return Refusal(words, _LIMITS if any(sign in words for sign in _SIGNS_OF_LIMITS) else ())
    return None


def _client(session: Session, access: CloudAccess) -> HeatClient:
    return HeatClient(session=session, region_name=access.region, interface=access.interface)


def _batch(machines: int, image: str, flavor: str, network: str) -> dict[str, Any]:
    """Return as many resources as a batch has: one machine, and place holders for the others."""
    port = {"type": "OS::Neutron::Port", "properties": {"network": network}}
    properties = {
        "image": image,
        "flavor": flavor,
        "config_drive": True,
        "networks": [{"port": {"get_resource": "port"}}],
    }
    others = _RESOURCES_PER_BATCH + _RESOURCES_PER_MACHINE * machines - 2
    fillers = {f"other_{number}": {"type": "OS::Heat::None"} for number in range(others)}
    machine = {"port": port, "server": {"type": "OS::Nova::Server", "properties": properties}}
    return {"heat_template_version": _VERSION, "resources": {**machine, **fillers}}
