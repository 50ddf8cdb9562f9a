"""Whether a plan fits into what is free now."""

from collections import Counter

from services.contracts.cluster import Fit, PlanRole
from services.contracts.node import CapacityReport, HoldItem


def needs_of(roles: list[PlanRole]) -> list[HoldItem]:
    """Return how many machines of each resource class the roles need together."""
    wanted: Counter[str] = Counter()
    for role in roles:
        wanted[role.resource_class] += role.count
    return [HoldItem(resource_class, count) for resource_class, count in sorted(wanted.items()) if count]


def fit_of(roles: list[PlanRole], cloud_id: str, capacity: CapacityReport) -> Fit:
    """Return whether the roles fit into ``capacity``, with a sentence for each class that is short."""
    unheld = {item.resource_class: item.unheld for item in capacity.items if item.cloud_id == cloud_id}
    shortages = [
        f"{need.count} machines of class {need.resource_class} are needed, "
        f"{unheld.get(need.resource_class, 0)} are free."
        for need in needs_of(roles)
        if need.count > unheld.get(need.resource_class, 0)
    ]
    return Fit(snapshot_id=capacity.id, taken_at=capacity.taken_at, fits=not shortages, shortages=shortages)
