"""Any HOT is taken or refused with a reason, and never breaks what reads it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.blueprint.domain.templates import ALLOWED_TYPES, REFUSED_FUNCTIONS, Part, template_findings
from services.blueprint.tests import hot

_settings = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def told(text: str | bytes, part: Part = Part.NESTED) -> list[str]:
    content = text.encode() if isinstance(text, str) else text
    found = list(template_findings("one.yaml", content, ["machine.yaml"], part))
    assert all(item.file == "one.yaml" and item.message for item in found)
    assert all(item.line is None or item.line >= 1 for item in found)
    return [item.message for item in found]


def test_there_is_an_example_of_every_allowed_type_and_function() -> None:
    assert set(hot.RESOURCES) == ALLOWED_TYPES
    assert set(hot.REFUSED_FUNCTIONS) == set(REFUSED_FUNCTIONS)
    assert not set(hot.FUNCTIONS) & set(REFUSED_FUNCTIONS)


@pytest.mark.parametrize("kind", hot.RESOURCES)
def test_each_allowed_type_is_taken_as_it_is_documented(kind: str) -> None:
    resource = {"type": kind, "properties": hot.RESOURCES[kind], "depends_on": ["other"], "condition": "chosen"}
    assert told(hot.text_of(hot.template({"mine": resource}))) == []


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


@_settings
@given(st.sampled_from(list(Part)), hot.templates)
def test_any_template_is_taken_or_refused(part: Part, template: Any) -> None:
    text = hot.text_of(template)
    assert told(text, part) == told(text, part)


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
