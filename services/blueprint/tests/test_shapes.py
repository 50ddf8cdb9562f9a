"""Documents of any shape: a blueprint or element is refused with a reason, or all that comes after it can use it."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.blueprint.domain.element import element_of
from services.blueprint.domain.files import read_folder
from services.blueprint.domain.form import form_of
from services.blueprint.domain.publication import check_blueprint, check_element
from services.blueprint.tests import hot
from services.blueprint.tests.folders import blueprint_texts, element_texts
from services.chassis.errors import Problem
from services.cluster.planning.plan import make_plan
from services.contracts.node import CapacityReport

_ROOT = Path(__file__).parents[3]
_SCHEMA = json.loads((_ROOT / "blueprints/blueprint.schema.json").read_text())
_ELEMENT_SCHEMA = json.loads((_ROOT / "elements/element.schema.json").read_text())
_USERS = element_of(read_folder(_ROOT / "elements/users"))
_NAMES = element_of(read_folder(_ROOT / "elements/host-names"))
_KNOWN = {one.name: {one.version: one} for one in (_USERS, _NAMES)}
_BLUEPRINT = {path: text.encode() for path, text in blueprint_texts("ours").items()}
_ELEMENT = {path: text.encode() for path, text in element_texts("ours").items()}
_settings = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

_schemas = st.fixed_dictionaries(
    {"title": st.just("x"), "description": st.just("x"), "x-on-change": st.just("none")},
    optional={
        "type": st.sampled_from(["string", "integer", "object", "array", ["string", "null"]]) | hot.values,
        "default": hot.values,
        "pattern": st.sampled_from(["^a", "(a+)+$", "(?=a)", "["]) | st.text(max_size=5),
        "properties": st.dictionaries(st.text(max_size=3), st.booleans() | st.just({"default": 1}), max_size=2),
        "items": st.just({"$ref": "#/properties/users"}) | st.booleans() | hot.values,
        "enum": st.lists(hot.values, max_size=3),
        "$ref": st.sampled_from(["#", "#/properties/users", "#/nowhere", "http://a/", "#/properties/mine"]),
        "uniqueItems": st.booleans(),
        "ui:widget": st.sampled_from(["text", "slider"]),
    },
)
_anything = hot.values | _schemas | st.just({"parameter": "compute_count"}) | st.just({"parameter": "mine"})


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a document: what it is in, and its key or index there."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


@st.composite
def _changed(draw: st.DrawFn, text: bytes) -> bytes:
    """Return a document with one or two places changed, or with a parameter of any shape more."""
    document = deepcopy(yaml.safe_load(text))
    for _ in range(draw(st.integers(0, 2))):
        around, key = draw(st.sampled_from([*_places(document)]))
        around[key] = deepcopy(draw(_anything))
    parameters = document.get("parameters")
    if isinstance(parameters, dict) and isinstance(parameters.get("properties"), dict):
        parameters["properties"]["mine"] = deepcopy(draw(_schemas))
    return hot.text_of(document).encode()


def _explained(findings: list[Any]) -> None:
    assert all(item.message for item in findings)
    msgspec.json.encode(findings)


@_settings
@given(_changed(_BLUEPRINT["blueprint.yaml"]), st.dictionaries(st.sampled_from(["users", "mine"]), hot.values))
def test_any_blueprint_is_refused_or_can_be_shown_and_planned(document: bytes, given_values: dict[str, Any]) -> None:
    checked = check_blueprint({**_BLUEPRINT, "blueprint.yaml": document}, _SCHEMA, _KNOWN)
    _explained(checked.findings)
    if checked.blueprint is None:
        assert checked.findings
        return
    kept = msgspec.json.encode(checked.blueprint)
    assert b"\\u0000" not in kept
    blueprint = msgspec.json.decode(kept, type=type(checked.blueprint))
    msgspec.json.encode(form_of(blueprint))
    for values in ({"users": [{"name": "alice", "ssh_keys": ["k"]}]}, _of_json(given_values)):
        try:
            plan = make_plan(
                plan_id="pln_1",
                project_id="prj_1",
                cloud_id="alpha",
                cluster_name="demo",
                blueprint=blueprint,
                given=values,
                capacity=CapacityReport(id="snp_1", taken_at=datetime.now(UTC), items=[]),
                batch_size=32,
                now=datetime.now(UTC),
            )
        except Problem as problem:
            assert problem.status == 422 and problem.errors
        else:
            msgspec.json.encode(plan)


@_settings
@given(_changed(_ELEMENT["element.yaml"]))
def test_any_element_is_refused_or_can_be_kept(document: bytes) -> None:
    checked = check_element({**_ELEMENT, "element.yaml": document}, _ELEMENT_SCHEMA, {}, digest_covers_library=False)
    _explained(checked.findings)
    assert checked.findings or (checked.element and msgspec.json.encode(checked.element))


def _of_json(value: Any) -> Any:
    """Return what of a value a body in JSON can hold."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value))
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):
        return {}
