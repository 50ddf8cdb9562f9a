"""The sections of a HOT template as the HOT specification describes them: what Heat itself would refuse is told here.

Source: Heat's template guide, "HOT specification", one section each.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from services.blueprint.domain.template_functions import is_call
from services.blueprint.domain.yaml_document import YamlDocument
from services.contracts.blueprint import Finding

_DATES = ("2013-05-23", "2014-10-16", "2015-04-30", "2015-10-15", "2016-04-08", "2016-10-14")
_DATES_WITH_NAMES = {
    "newton": "2016-10-14",
    "ocata": "2017-02-24",
    "pike": "2017-09-01",
    "queens": "2018-03-02",
    "rocky": "2018-08-31",
    "wallaby": "2021-04-16",
}
VERSIONS = {**{date: date for date in (*_DATES, *_DATES_WITH_NAMES.values())}, **_DATES_WITH_NAMES}
"""Dates by what a template may say."""
_CONDITIONS_SINCE = "2016-10-14"
SECTIONS = frozenset(
    {"heat_template_version", "description", "parameters", "parameter_groups", "resources", "outputs", "conditions"}
)
PARAMETER_TYPES = ("boolean", "comma_delimited_list", "json", "number", "string")
_MAPPINGS = frozenset({"parameters", "resources", "outputs", "conditions"})
_PARAMETER_KEYS = frozenset(
    {"type", "label", "description", "default", "hidden", "constraints", "immutable", "tags", "schema"}
)
_RESOURCE_KEYS = frozenset(
    {
        "type",
        "properties",
        "metadata",
        "depends_on",
        "update_policy",
        "deletion_policy",
        "external_id",
        "condition",
        "description",
    }
)
_OUTPUT_KEYS = frozenset({"value", "description", "condition"})
_BOUNDS = frozenset({"min", "max"})
_CONSTRAINTS: dict[str, tuple[frozenset[str], str, tuple[str, ...]]] = {
    "length": (_BOUNDS, "a map of min and max", ("comma_delimited_list", "json", "string")),
    "range": (_BOUNDS, "a map of min and max", ("number",)),
    "modulo": (frozenset({"step", "offset"}), "a map of step and offset", ("number",)),
    "allowed_values": (frozenset(), "a list", ("boolean", "comma_delimited_list", "number", "string")),
    "allowed_pattern": (frozenset(), "a text", ("string",)),
    "custom_constraint": (frozenset(), "a text", ("boolean", "comma_delimited_list", "number", "string")),
}
"""Of each constraint the keys of what it is given, if that is a map, how it is written, and for which types it is."""
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}(\.[0-9]{1,18})?")
_KINDS = {"allowed_values": list, "allowed_pattern": str, "custom_constraint": str}

Problem = tuple[str, str, str | None]
"""Where it is (a JSON pointer), a sentence, and what to do."""
Check = Callable[[str, Any], Iterator[Problem]]


def section_findings(path: str, document: YamlDocument) -> Iterator[Finding]:
    """Yield what is wrong with the version and the sections; nothing below them can be looked at then."""
    template = document.value
    return _told(path, document, (*_version(template), *_sections(template)))


def part_findings(path: str, document: YamlDocument) -> Iterator[Finding]:
    """Yield what is wrong with parameters, resources, outputs, conditions and groups of parameters."""
    template = document.value
    problems = (
        *_problems_of(template, "parameters", _parameter),
        *_problems_of(template, "resources", _resource),
        *_problems_of(template, "outputs", _output),
        *_conditions(template),
        *_groups(template),
    )
    return _told(path, document, problems)


def _told(path: str, document: YamlDocument, problems: Iterable[Problem]) -> Iterator[Finding]:
    for place, message, hint in problems:
        yield Finding(file=path, line=document.line_of(place), message=message, hint=hint)


def _version(template: dict[str, Any]) -> Iterator[Problem]:
    given = template["heat_template_version"]
    if not isinstance(given, str) or given not in VERSIONS:
        hint = f"There are: {', '.join(VERSIONS)}."
        yield "/heat_template_version", "The heat_template_version is none that Heat has.", hint


def _sections(template: dict[str, Any]) -> Iterator[Problem]:
    for section, content in template.items():
        if section not in SECTIONS:
            hint = f"There are: {', '.join(sorted(SECTIONS))}."
            yield f"/{section}", f"HOT has no section {section}.", hint
        elif section in _MAPPINGS and not isinstance(content, dict | None):
            yield f"/{section}", f"The section {section} is no mapping by name.", None
        elif section == "conditions" and VERSIONS.get(str(template["heat_template_version"]), "") < _CONDITIONS_SINCE:
            yield "/conditions", f"Conditions are there from version {_CONDITIONS_SINCE} on.", None
        elif section == "description" and not isinstance(content, str | None):
            yield "/description", "The description is no text.", None


def _problems_of(
    template: dict[str, Any], section: str, check: Callable[[str, Any], Iterator[Problem]]
) -> Iterator[Problem]:
    for name, item in (template.get(section) or {}).items():
        place = f"/{section}/{name}"
        for below, message, hint in check(name, item):
            yield place + below, message, hint


def _parameter(name: str, given: Any) -> Iterator[Problem]:
    if not isinstance(given, dict) or given.get("type") not in PARAMETER_TYPES:
        yield "", f"The parameter {name} has no type.", f"Types are: {', '.join(PARAMETER_TYPES)}."
        return
    yield from _unknown_keys(f"parameter {name}", given, _PARAMETER_KEYS)
    constraints = given.get("constraints")
    if not isinstance(constraints, list | None):
        yield "/constraints", f"The constraints of {name} are no list.", None
        return
    for index, constraint in enumerate(constraints or []):
        problem = _constraint(given["type"], constraint)
        if problem:
            yield f"/constraints/{index}", f"A constraint of {name} {problem}", f"There are: {', '.join(_CONSTRAINTS)}."


def _constraint(kind: str, given: Any) -> str | None:
    named = [key for key in given if key in _CONSTRAINTS] if isinstance(given, dict) else []
    if len(named) != 1 or set(given) - {*named, "description"}:
        return "is none that HOT has, or two in one."
    name, value = named[0], given[named[0]]
    keys, form, types = _CONSTRAINTS[name]
    if kind not in types:
        return f"is not for its type: {name} is for {', '.join(types)}."
    fits = _limits(name, value, keys) if keys else isinstance(value, _KINDS[name])
    return None if fits else f"is not as it has to be: {name} is {form}."


def _limits(name: str, value: Any, keys: frozenset[str]) -> bool:
    if not isinstance(value, dict) or not value or not set(value) <= keys or not all(map(_is_number, value.values())):
        return False
    return name != "modulo" or (set(value) == keys and abs(float(value["offset"])) < abs(float(value["step"])))


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _resource(name: str, given: Any) -> Iterator[Problem]:
    if not isinstance(given, dict) or not isinstance(given.get("type"), str):
        yield "", f"The resource {name} has no type.", None
        return
    yield from _unknown_keys(f"resource {name}", given, _RESOURCE_KEYS)
    if not isinstance(given.get("properties"), dict | None):
        yield "/properties", f"The properties of {name} are no mapping by name.", None
    depends = given.get("depends_on")
    if not all(isinstance(one, str) for one in (depends if isinstance(depends, list) else [depends or ""])):
        yield "/depends_on", f"What {name} depends on is no name of a resource and no list of names.", None
    policy = given.get("deletion_policy") or "Delete"
    if not is_call(policy) and str(policy).capitalize() not in ("Delete", "Retain", "Snapshot"):
        yield "/deletion_policy", f"The deletion_policy of {name} is not known.", "Delete, Retain or Snapshot."
    yield from _condition_of(name, given)


def _output(name: str, given: Any) -> Iterator[Problem]:
    if not isinstance(given, dict) or "value" not in given:
        yield "", f"The output {name} has no value.", None
        return
    yield from _unknown_keys(f"output {name}", given, _OUTPUT_KEYS)
    yield from _condition_of(name, given)


def _condition_of(name: str, given: dict[str, Any]) -> Iterator[Problem]:
    condition = given.get("condition", True)
    if not isinstance(condition, str | bool) and not is_call(condition):
        yield "/condition", f"The condition of {name} is no name of a condition and no function.", None


def _conditions(template: dict[str, Any]) -> Iterator[Problem]:
    for name, given in (template.get("conditions") or {}).items():
        if not isinstance(given, str | bool) and not is_call(given):
            yield f"/conditions/{name}", f"The condition {name} is no function that gives true or false.", None


def _groups(template: dict[str, Any]) -> Iterator[Problem]:
    groups = template.get("parameter_groups")
    if not isinstance(groups, list | None):
        yield "/parameter_groups", "The section parameter_groups is no list.", None
        return
    seen: set[str] = set()
    known = template.get("parameters") or {}
    for index, group in enumerate(groups or []):
        place = f"/parameter_groups/{index}"
        names = group.get("parameters") if isinstance(group, dict) else None
        if not isinstance(names, list):
            yield place, "A parameter group has no list of parameters.", None
            continue
        for name in names:
            if not isinstance(name, str) or name not in known:
                yield place, "A parameter group names a parameter that is not there.", None
            elif name in seen:
                yield place, f"The parameter {name} is in two groups, or twice in one.", None
            else:
                seen.add(name)


def _unknown_keys(what: str, given: dict[str, Any], known: frozenset[str]) -> Iterator[Problem]:
    for key in given:
        if key not in known:
            yield f"/{key}", f"The {what} has the key {key}, which HOT does not know.", f"{', '.join(sorted(known))}."
