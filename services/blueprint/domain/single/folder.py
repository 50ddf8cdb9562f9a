"""The folder around a single HOT: blueprint.yaml, the template as the platform runs it, and what became of what."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import yaml

from services.blueprint.domain.blueprint import DOCUMENT, GIVEN
from services.blueprint.domain.files import Files
from services.blueprint.domain.single.asked import asked_findings, schema_of
from services.blueprint.domain.single.machines import Machines, machines_of
from services.blueprint.domain.single.readme import readme
from services.blueprint.domain.single.rewriting import known_by_platform, nested_name, nested_of, own_output, whole_of
from services.blueprint.domain.single.template import Template
from services.blueprint.domain.template_shape import part_findings, section_findings
from services.blueprint.domain.templates import Part, template_findings
from services.blueprint.domain.upload import UploadRefused
from services.blueprint.domain.yaml_document import YamlRefused, read_yaml
from services.contracts.blueprint import Finding

FIRST_VERSION = "1.0.0"
_ENDINGS = (".yaml", ".yml", ".json", ".template", ".hot")
_MOST_SUMMARY_CHARACTERS = 200
_MOST_OUTPUTS = 31
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_SHARED = """\
heat_template_version: 2021-04-16

description: What all machines share. They live on an existing network of the cloud.

parameters:
  network:
    type: string
    description: Name or id of that network

outputs:
  network:
    value: {get_param: network}
"""


def is_single(files: Files) -> bool:
    """Tell whether what was sent is one template and nothing else."""
    (path, *others) = files or [""]
    return not others and path != DOCUMENT and path.endswith(_ENDINGS)


def folder_around(files: Files, name: str | None, version: str | None) -> Files:
    """Return the blueprint's folder that a single template becomes; raises UploadRefused with every reason."""
    ((path, content),) = files.items()
    template, findings = _read(path, content)
    if template is None:
        raise UploadRefused(findings)
    machines, wrong = machines_of(template)
    findings += wrong
    known = known_by_platform(template, machines)
    names, wrong = _asked_names(template, set(known))
    findings += [*wrong, *_output_findings(template)]
    counts = {one.count for one in machines}
    findings += [found for one in names for found in asked_findings(template, one, whole_number=one in counts)]
    if findings:
        raise UploadRefused(findings)
    return _folder(template, machines, names, name or _plain(PurePosixPath(path).stem), version or FIRST_VERSION)


def _read(path: str, content: bytes) -> tuple[Template | None, list[Finding]]:
    """Return the template, and what is wrong with it as HOT; None if nothing more can be said of it."""
    findings = list(template_findings(path, content, (), Part.NESTED))
    try:
        document = read_yaml(content.decode())
    except (YamlRefused, UnicodeDecodeError):
        return None, findings
    if not isinstance(document.value, dict) or "heat_template_version" not in document.value:
        hint = "Send one HOT file, or a folder with blueprint.yaml at its top."
        return None, [Finding(file=path, line=1, message="It is no HOT template, and no blueprint.", hint=hint)]
    misshapen = [*section_findings(path, document)] or [*part_findings(path, document)]
    return None if misshapen else Template(path, document), findings


def _asked_names(template: Template, known: set[str]) -> tuple[dict[str, str], list[Finding]]:
    """Return the names under which the customer is asked for parameters, in the order of a form."""
    grouped = [name for group in template.document.value.get("parameter_groups") or [] for name in group["parameters"]]
    names: dict[str, str] = {}
    findings: list[Finding] = []
    for name in dict.fromkeys([*grouped, *template.section("parameters")]):
        plain = name if _NAME.fullmatch(name) else _plain(name).replace("-", "_")
        if name in known:
            continue
        if plain in GIVEN:
            hint = f"Rename it: the platform gives {', '.join(sorted(GIVEN))}."
            message = f"The parameter {name} has a name that the platform gives, and is not used as that."
            findings.append(template.finding(f"/parameters/{name}", message, hint))
        elif plain in names.values() or plain in known:
            message = f"The parameter {name} would have the name of another one, {plain}."
            findings.append(template.finding(f"/parameters/{name}", message, "Rename one of the two."))
        names[name] = plain
    return names, findings


def _output_findings(template: Template) -> Iterator[Finding]:
    if len(template.section("outputs")) > _MOST_OUTPUTS:
        message = f"The template has more than {_MOST_OUTPUTS} outputs."
        yield template.finding("/outputs", message, "Leave some out, or put them into one as a map.")


def _folder(template: Template, machines: list[Machines], names: dict[str, str], name: str, version: str) -> Files:
    whole = whole_of(template, machines, {**names, **known_by_platform(template, machines)})
    asked = {old: new for old, new in names.items() if new in whole["parameters"]}
    nested = {nested_name(one): nested_of(one, template) for one in machines if one.group is not None}
    document = {
        "schema": "cloudpoint.io/blueprint/v1",
        "name": name,
        "version": version,
        "summary": _summary(template),
        "parameters": _parameters(template, machines, asked),
        "roles": [_role(one, asked) for one in machines],
        "infrastructure": {
            "kind": "heat",
            "shared": "infrastructure/shared.yaml",
            "whole": "infrastructure/whole.yaml",
            "files": [f"infrastructure/{path}" for path in nested],
        },
        "elements": [],
        "outputs": _outputs(template, machines),
        "checks": [],
    }
    texts = {
        DOCUMENT: _yaml(document),
        "README.md": readme(template, machines, asked),
        "infrastructure/shared.yaml": _SHARED,
        "infrastructure/whole.yaml": _yaml(whole),
        **{f"infrastructure/{path}": _yaml(one) for path, one in nested.items()},
    }
    return {path: text.encode() for path, text in texts.items()}


def _parameters(template: Template, machines: list[Machines], asked: dict[str, str]) -> dict[str, Any]:
    given = template.section("parameters")
    counts = {one.count for one in machines}
    properties = {new: schema_of(old, given[old], whole_number=old in counts) for old, new in asked.items()}
    required = [name for name, schema in properties.items() if "default" not in schema]
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def _role(one: Machines, asked: dict[str, str]) -> dict[str, Any]:
    least, most = one.limits
    return {
        "name": one.role,
        "summary": f"What {one.resource} of the template makes.",
        "resource_class": one.flavor,
        "flavor": one.flavor,
        "count": {"parameter": asked[one.count]} if isinstance(one.count, str) else one.count,
        "min_count": least,
        "max_count": most,
    }


def _outputs(template: Template, machines: list[Machines]) -> list[dict[str, Any]]:
    found = [{"name": "ssh", "summary": "Log in.", "kind": "ssh", "role": machines[0].role}]
    for name, output in template.section("outputs").items():
        taken = [one["name"] for one in found]
        plain = next(free for n in range(1, 100) if (free := _plain(name) + (f"-{n}" if n > 1 else "")) not in taken)
        summary = str(output.get("description") or f"The template's output {name}.")
        found.append({"name": plain, "summary": summary, "kind": "template", "output": own_output(name)})
    return found


def _summary(template: Template) -> str:
    text = " ".join(str(template.document.value.get("description") or "").split())
    return text[:_MOST_SUMMARY_CHARACTERS] or f"Made from the template {PurePosixPath(template.path).name}."


def _plain(text: str) -> str:
    """Return a text as a name: small letters, digits and hyphens, a letter first."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:50].strip("-")
    return plain if plain[:1].isalpha() else f"template-{plain}".strip("-")


class _Dumper(yaml.CSafeDumper):
    """Writes out what is there twice: anchors are not taken."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
