"""The HOT of an export: a template and an environment for what the batches share, and for each batch of machines."""

from typing import Any

import yaml

from services.contracts.blueprint import BlueprintVersion
from services.contracts.cluster import Plan, PlanRole

SHARED = "shared"


def infrastructure_files(plan: Plan, blueprint: BlueprintVersion, *, image: str, network: str) -> dict[str, str]:
    """Return templates and environments by their paths below ``hot/``.

    What is known only when the machines are made (the cluster's network, user data) the scripts add.
    """
    files = {f"hot/{name}": text for name, text in blueprint.template_files.items()}
    files[f"hot/{SHARED}.yaml"] = blueprint.templates[SHARED]
    files[f"hot/{SHARED}.env.yaml"] = _environment({"network": network})
    for role in plan.roles:
        for number, hosts in enumerate(role.batches):
            files[f"hot/{role.name}-{number}.yaml"] = blueprint.templates[role.name]
            files[f"hot/{role.name}-{number}.env.yaml"] = _environment(_batch(plan, role, hosts, image))
    return files


def _batch(plan: Plan, role: PlanRole, hosts: list[str], image: str) -> dict[str, Any]:
    metadata = {"cluster": plan.cluster_name}
    return {"hosts": ",".join(hosts), "count": len(hosts), "image": image, "flavor": role.flavor, "metadata": metadata}


def _environment(parameters: dict[str, Any]) -> str:
    return yaml.safe_dump({"parameters": parameters}, sort_keys=False, allow_unicode=True)
