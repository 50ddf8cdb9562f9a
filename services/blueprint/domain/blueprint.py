"""A blueprint's folder as a version of the catalogue, its elements resolved to versions."""

from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import msgspec

from services.blueprint.domain.files import Files, archive_of, digest_of
from services.blueprint.domain.versions import matching
from services.blueprint.domain.yaml_document import read_yaml
from services.contracts.blueprint import SHARED, WHOLE, BlueprintVersion, ElementUse, ElementVersion, RoleNeeds

DOCUMENT = "blueprint.yaml"

GIVEN = frozenset({"hosts", "image", "metadata", "network", "user_data"})
"""Parameters that the platform gives to a template that makes all machines at once."""
Elements = dict[str, dict[str, ElementVersion]]
"""Elements by name and version."""


def blueprint_of(files: Files, elements: Elements, version_id: str, now: datetime) -> BlueprintVersion:
    """Return the blueprint in ``files``, which are valid against ``elements``."""
    document: dict[str, Any] = read_yaml(files[DOCUMENT].decode()).value
    infrastructure = document["infrastructure"]
    paths = template_paths(infrastructure)
    return BlueprintVersion(
        id=version_id,
        name=document["name"],
        version=document["version"],
        summary=document["summary"],
        icon=document.get("icon"),
        readme=files.get("README.md", b"").decode(),
        parameters=document["parameters"],
        roles=[msgspec.convert(_known(RoleNeeds, role), RoleNeeds) for role in document["roles"]],
        elements=[element_use(use, elements) for use in document["elements"]],
        templates={name: files[path].decode() for name, path in paths.items()},
        template_parameters=template_parameters(files, infrastructure),
        template_files={PurePosixPath(path).name: files[path].decode() for path in infrastructure.get("files", [])},
        outputs=document["outputs"],
        checks=document["checks"],
        digest=digest_of(files),
        published_at=now,
    )


def template_paths(infrastructure: dict[str, Any]) -> dict[str, str]:
    """Return the paths of the templates by role, or of the one that makes all machines, and of what they share."""
    whole = {WHOLE: infrastructure["whole"]} if WHOLE in infrastructure else {}
    return {SHARED: infrastructure["shared"], **infrastructure.get("roles", whole)}


def template_parameters(files: Files, infrastructure: dict[str, Any]) -> list[str]:
    """Return the parameters of the template that makes all machines, without those that the platform knows."""
    if WHOLE not in infrastructure:
        return []
    template = read_yaml(files[infrastructure[WHOLE]].decode()).value
    return [name for name in template.get("parameters") or {} if name not in GIVEN]


def checks_archive(files: Files, checks: list[dict[str, Any]]) -> bytes:
    """Return the archive that a run of the checks needs: their playbooks, and all that lies beside and below these."""
    folders = {PurePosixPath(check["playbook"]).parent for check in checks}
    needed = {path: text for path, text in files.items() if folders & set(PurePosixPath(path).parents)}
    return archive_of(needed)


def element_use(use: dict[str, Any], elements: Elements) -> ElementUse:
    """Return an element in its place, with the version that its range comes to and that version's defaults."""
    versions = elements[use["element"]]
    version = matching(versions, use["version"])
    assert version is not None, "validated before"
    element = versions[version]
    properties = element.parameters.get("properties", {})
    defaults = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
    return ElementUse(
        owner=element.owner,
        element=element.name,
        version=version,
        roles=use["roles"],
        values={**defaults, **use.get("values", {})},
        secrets=element.secrets,
        timeout_seconds=element.timeout_seconds,
        reversible=element.reversible,
    )


def _known(wanted: type[msgspec.Struct], document: dict[str, Any]) -> dict[str, Any]:
    return {field: document[field] for field in wanted.__struct_fields__ if field in document}
