"""What a machine group is to be: its template, and the parameters that plan, cloud and cluster give it."""

from typing import Any

import yaml

from services.cluster.domain.machine_group import GroupSpec
from services.cluster.planning.batches import Batch, batches_of, template_parameters
from services.cluster.sagas.deps import Context, blueprint_of, cluster_of
from services.cluster.storage.hosts import group_of
from services.contracts.blueprint import SHARED, BlueprintVersion
from services.contracts.cluster import Plan

_AUTHORITY_FILE = "/etc/ssh/cloudpoint_authority.pub"
_SSHD_FILE = "/etc/ssh/sshd_config.d/10-cloudpoint.conf"


async def spec_of(ctx: Context, plan: Plan, key: str) -> GroupSpec:
    """Return what the group of this key is to be."""
    blueprint = await blueprint_of(ctx, plan)
    batch = None if key == SHARED else next(batch for batch in batches_of(plan) if batch.key == key)
    return GroupSpec(
        cluster_id=cluster_of(ctx),
        cluster_name=plan.cluster_name,
        key=key,
        template=blueprint.templates[batch.template if batch else SHARED],
        files=blueprint.template_files,
        parameters=await _batch_parameters(ctx, plan, blueprint, batch) if batch else _shared_parameters(ctx, plan),
        marks={"operation": ctx.operation.id, "fence": str(ctx.operation.fence)},
    )


def user_data(authority: str) -> str:
    """Return the cloud-config by which a machine trusts the cluster's SSH authority, and nobody else's."""
    document = {
        "write_files": [
            {"path": _AUTHORITY_FILE, "content": f"{authority}\n", "permissions": "0644"},
            {"path": _SSHD_FILE, "content": f"TrustedUserCAKeys {_AUTHORITY_FILE}\n", "permissions": "0644"},
        ],
        "runcmd": [["systemctl", "try-reload-or-restart", "ssh.service"]],
    }
    return "#cloud-config\n" + yaml.safe_dump(document, sort_keys=False)


def _shared_parameters(ctx: Context, plan: Plan) -> dict[str, Any]:
    return {"network": ctx.deps.settings.clouds[plan.cloud_id].network}


async def _batch_parameters(ctx: Context, plan: Plan, blueprint: BlueprintVersion, batch: Batch) -> dict[str, Any]:
    async with ctx.deps.db.project(plan.project_id) as tx:
        shared = await group_of(tx, cluster_of(ctx), SHARED)
    return {
        **template_parameters(plan, blueprint, batch),
        "image": ctx.deps.settings.clouds[plan.cloud_id].image,
        "network": shared.outputs["network"] if shared else "",
        "user_data": user_data(ctx.result_of("make_authority")["public_key"]),
        "metadata": {"cloudpoint_cluster": cluster_of(ctx), "cloudpoint_operation": ctx.operation.id},
    }
