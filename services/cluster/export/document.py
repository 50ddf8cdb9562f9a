"""The whole export: every file of it by its path."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.cluster.export.ansible import CHECKS, inventory, playbook
from services.cluster.export.archive import texts_of
from services.cluster.export.infrastructure import infrastructure_files
from services.cluster.export.readme import readme
from services.cluster.planning.batches import batches_of
from services.contracts.blueprint import BlueprintVersion
from services.contracts.cluster import Cluster, Plan

_FILES = Path(__file__).parent / "files"


@dataclass(frozen=True)
class Source:
    """What an export is made of.

    ``image`` and ``network`` are the cloud's; ``archives`` the elements' files as tar archives, by name; ``checks`` the
    archive of what the blueprint's checks need.
    """

    cluster: Cluster
    plan: Plan
    blueprint: BlueprintVersion
    image: str
    network: str
    archives: dict[str, bytes] = field(repr=False)
    checks: bytes = field(repr=False)


def files_of(source: Source) -> dict[str, str]:
    """Return the text of each file of the export by its path.

    Raises UnreadableArchive for an element or a blueprint whose files can't be exported.
    """
    cluster, plan = source.cluster, source.plan
    files = _scripts()
    files |= infrastructure_files(plan, source.blueprint, image=source.image, network=source.network)
    files["README.md"] = readme(cluster, plan, source.blueprint, image=source.image, network=source.network)
    files["cluster.sh"] = settings(plan)
    files["ansible/inventory.yaml"] = inventory(plan)
    files["ansible/site.yml"] = playbook(cluster, plan, "apply")
    files["ansible/verify.yml"] = playbook(cluster, plan, "verify")
    for name in sorted(source.archives):
        for path, text in texts_of(f"the element {name}", source.archives[name]).items():
            files[f"ansible/elements/{path}"] = text
    for path, text in texts_of(f"the blueprint {plan.blueprint}", source.checks).items():
        files[f"ansible/{CHECKS}/{path}"] = text
    return dict(sorted(files.items()))


def _scripts() -> dict[str, str]:
    """Return what is the same in every export."""
    paths = [path for path in _FILES.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {path.relative_to(_FILES).as_posix(): path.read_text() for path in paths}


def settings(plan: Plan) -> str:
    """Return the shell variables that the scripts read: the cluster's name, its batches, the secrets it needs."""
    secrets = [_secret(element.name, secret) for element in plan.elements for secret in element.secrets]
    lines = [
        "# What the scripts are about: the cluster, its batches of machines, and the secrets that its elements need",
        "# (element, name, kind, bytes).",
        f"name={plan.cluster_name}",
        f"batches=({' '.join(batch.key for batch in batches_of(plan))})",
        "secrets=(",
        *(f'  "{secret}"' for secret in secrets),
        ")",
    ]
    return "\n".join(lines) + "\n"


def _secret(element: str, secret: dict[str, Any]) -> str:
    return f"{element} {secret['name']} {secret['kind']} {secret.get('length', 32)}"
