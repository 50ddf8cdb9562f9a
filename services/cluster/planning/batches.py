"""The batches of machines of a plan: what one template is asked to make at once."""

from dataclasses import dataclass
from typing import Any

from services.contracts.blueprint import WHOLE, BlueprintVersion
from services.contracts.cluster import Plan


@dataclass(frozen=True)
class Batch:
    """Machines that are made together: hosts by role, all of one role unless the plan is of a whole template.

    ``key`` names the batch within its cluster, ``template`` the blueprint's template that makes it.
    """

    key: str
    template: str
    hosts: dict[str, list[str]]

    @property
    def names(self) -> list[str]:
        """All host names, in the order of the plan."""
        return [name for hosts in self.hosts.values() for name in hosts]


def batches_of(plan: Plan) -> list[Batch]:
    """Return a plan's batches: ``<role>-<number>``, or one that is called ``whole``."""
    if plan.whole:
        return [Batch(WHOLE, WHOLE, {role.name: role.hosts for role in plan.roles})]
    return [
        Batch(f"{role.name}-{number}", role.name, {role.name: hosts})
        for role in plan.roles
        for number, hosts in enumerate(role.batches)
    ]


def template_parameters(plan: Plan, blueprint: BlueprintVersion, batch: Batch) -> dict[str, Any]:
    """Return what the plan says that a batch's template is given; image, network and marks come from elsewhere."""
    if plan.whole:
        asked = {name: plan.parameters[name] for name in blueprint.template_parameters if name in plan.parameters}
        return {**asked, "hosts": batch.hosts}
    (role,) = (role for role in plan.roles if role.name == batch.template)
    return {"hosts": ",".join(batch.names), "count": len(batch.names), "flavor": role.flavor}
