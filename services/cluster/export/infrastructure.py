"""The HOT of an export: a template and an environment for what the batches share, and for each batch of machines."""

from typing import Any

import yaml

from services.cluster.planning.batches import batches_of, template_parameters
from services.contracts.blueprint import SHARED, BlueprintVersion
from services.contracts.cluster import Plan


def infrastructure_files(plan: Plan, blueprint: BlueprintVersion, *, image: str, network: str) -> dict[str, str]:
    """Return templates and environments by their paths below ``hot/``.

    What is known only when the machines are made (the cluster's network, user data) the scripts add.
    """
    files = {f"hot/{name}": text for name, text in blueprint.template_files.items()}
    files[f"hot/{SHARED}.yaml"] = blueprint.templates[SHARED]
    files[f"hot/{SHARED}.env.yaml"] = _environment({"network": network})
    metadata = {"cluster": plan.cluster_name}
    for batch in batches_of(plan):
        given = {**template_parameters(plan, blueprint, batch), "image": image, "metadata": metadata}
        files[f"hot/{batch.key}.yaml"] = blueprint.templates[batch.template]
        files[f"hot/{batch.key}.env.yaml"] = _environment(given)
    return files


def _environment(parameters: dict[str, Any]) -> str:
    return yaml.safe_dump({"parameters": parameters}, sort_keys=False, allow_unicode=True)
