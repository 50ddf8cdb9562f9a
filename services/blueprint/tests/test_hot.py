"""Any HOT is taken or refused with a reason, and never breaks what reads it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.simcloud.heat.template import parse_template
from services.blueprint.domain.resource_types import ALLOWED_TYPES
from services.blueprint.domain.template_functions import FUNCTIONS, REFUSED_FUNCTIONS
from services.blueprint.domain.template_shape import VERSIONS
from services.blueprint.domain.templates import Part, template_findings
from services.blueprint.tests import hot, hot_written

_REFUSED = {
    kind: (group["reason"], properties)
    for group in yaml.safe_load(Path(__file__).with_name("refused_types.yaml").read_text())
    for kind, properties in group["types"].items()
}
_settings = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def told(text: str | bytes, part: Part = Part.NESTED) -> list[str]:
    content = text.encode() if isinstance(text, str) else text
    found = list(template_findings("one.yaml", content, ["machine.yaml"], part))
    assert all(item.file == "one.yaml" and item.message for item in found)
    assert all(item.line is None or item.line >= 1 for item in found)
    return [item.message for item in found]


def test_there_is_an_example_of_every_allowed_type_and_function() -> None:
    assert set(hot.RESOURCES) == ALLOWED_TYPES
    assert set(hot.FUNCTIONS) == set(FUNCTIONS) == set(hot.MISWRITTEN)
    assert set(hot.REFUSED_FUNCTIONS) == set(REFUSED_FUNCTIONS)
    assert not ALLOWED_TYPES & set(_REFUSED)


@pytest.mark.parametrize("kind", hot.RESOURCES)
def test_each_allowed_type_is_taken_as_it_is_documented(kind: str) -> None:
    resource = {"type": kind, "properties": hot.RESOURCES[kind], "depends_on": ["other"], "condition": "chosen"}
    assert told(hot.text_of(hot.template({"mine": resource}))) == []


@pytest.mark.parametrize("kind", _REFUSED)
def test_each_other_type_of_heat_is_refused_with_its_reason(kind: str) -> None:
    reason, properties = _REFUSED[kind]
    resource = {"type": kind, "properties": properties}
    expected = f"The resource type {kind} is not allowed. {reason}"
    assert told(hot.text_of(hot.template({"mine": resource}))) == [expected]
    group = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 2, "resource_def": resource}}
    assert told(hot.text_of(hot.template({"mine": group}))) == [expected]


@pytest.mark.parametrize("name", hot.FUNCTIONS)
def test_each_function_is_taken_as_it_is_documented(name: str) -> None:
    call = {name: hot.FUNCTIONS[name]}
    outputs = {"told": {"value": {"deeper": [call]}, "condition": "chosen"}}
    mine = {"type": "OS::Heat::Value", "properties": {"value": call}}
    assert told(hot.text_of(hot.template({"mine": mine}, outputs))) == []


@pytest.mark.parametrize("name", hot.CONDITION_FUNCTIONS)
def test_conditions_are_taken_as_they_are_documented(name: str) -> None:
    conditions = {"chosen": {"equals": [1, 1]}, "other": {name: hot.FUNCTIONS[name]}}
    assert told(hot.text_of(hot.template({}, conditions=conditions))) == []


@pytest.mark.parametrize("name", hot.REFUSED_FUNCTIONS)
@pytest.mark.parametrize("place", ["resource", "output", "condition", "group"])
def test_refused_functions_are_found_wherever_they_are(name: str, place: str) -> None:
    call = {"list_join": ["", [{name: hot.REFUSED_FUNCTIONS[name]}]]}
    value = {"type": "OS::Heat::Value", "properties": {"value": call}}
    made = {
        "resource": hot.template({"mine": value}),
        "output": hot.template({}, {"told": {"value": call}}),
        "condition": hot.template({}, conditions={"chosen": call}),
        "group": hot.template({"mine": {"type": "OS::Heat::ResourceGroup", "properties": {"resource_def": value}}}),
    }[place]
    assert f"The function {name} is not allowed." in told(hot.text_of(made))


@pytest.mark.parametrize(("name", "argument"), [(name, one) for name, all_ in hot.MISWRITTEN.items() for one in all_])
def test_a_function_that_is_miswritten_is_refused_with_its_form(name: str, argument: Any) -> None:
    mine = {"type": "OS::Heat::Value", "properties": {"value": [{name: argument}]}}
    (found,) = template_findings("one.yaml", hot.text_of(hot.template({"mine": mine})).encode(), [], Part.NESTED)
    assert found.message == f"The function {name} is not written as it has to be."
    assert found.hint == f"It takes: {FUNCTIONS[name].form}." and found.line is not None


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if "_" in name and FUNCTIONS[name].since > "2013-05-23"])
def test_a_function_of_a_later_version_is_refused(name: str) -> None:
    mine = {"type": "OS::Heat::Value", "properties": {"value": {name: hot.FUNCTIONS[name]}}}
    old = hot.template({"mine": mine}, heat_template_version="2013-05-23")
    del old["conditions"]
    assert f"The function {name} is not there in version 2013-05-23." in told(hot.text_of(old))


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_is_taken_by_date_and_by_name(version: str) -> None:
    text = f"heat_template_version: {version}\nresources:\n  mine: {{type: OS::Heat::None}}\n"
    assert told(text) == []
    (no_such_version,) = told(text.replace(version, f"{version}-x"))
    assert no_such_version == "The heat_template_version is none that Heat has."


@pytest.mark.parametrize("words", hot.MISSHAPEN)
def test_a_part_that_is_not_as_it_has_to_be_is_refused_beside_all_others(words: str) -> None:
    refused = {"told": {"value": {"get_file": "x"}}}
    found = told(hot.text_of({**hot.template({}, refused), **hot.MISSHAPEN[words]}))
    assert any(words in message for message in found), found
    assert "outputs" in hot.MISSHAPEN[words] or "The function get_file is not allowed." in found


@_settings
@given(st.sampled_from(list(Part)), hot.templates)
def test_any_template_is_taken_or_refused(part: Part, template: Any) -> None:
    text = hot.text_of(template)
    assert told(text, part) == told(text, part)


@_settings
@given(hot_written.well_written)
def test_any_template_that_is_well_written_is_taken(template: dict[str, Any]) -> None:
    assert told(hot.text_of(template)) == []


@_settings
@given(hot.templates | hot_written.well_written.flatmap(hot_written.damaged))
def test_heat_reads_what_is_taken(template: Any) -> None:
    text = hot.text_of(template)
    if not told(text):
        parse_template(text)


@_settings
@given(st.dictionaries(st.sampled_from(["mine", "yours"]), hot.resources, min_size=1))
def test_what_is_taken_holds_nothing_that_is_refused(resources: dict[str, Any]) -> None:
    text = hot.text_of(hot.template(resources))
    if told(text):
        return
    assert not any(f"{name}:" in text for name in REFUSED_FUNCTIONS)
    assert {one["type"] for one in resources.values()} <= ALLOWED_TYPES | {"machine.yaml"}


@_settings
@given(st.text(max_size=300) | st.binary(max_size=300) | st.text("[]{}:-&*!?|>'\"#%@ \n\tab1", max_size=80))
def test_any_text_is_taken_or_refused(text: str | bytes) -> None:
    content = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    assert told(content)
