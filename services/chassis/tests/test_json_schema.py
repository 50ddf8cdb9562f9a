"""The linear validator says what jsonschema's own says, and always comes to an end."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.json_schema import BadPattern, EndlessSchema, LinearValidator, compiled, unfolded_size

_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 1.5]) | st.text("ab1", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab1", max_size=2), inner, max_size=3),
    max_leaves=6,
)
_patterns = st.sampled_from(["^a", "b$", "[0-9]+", "^(a|b)*$", "a.b"])


def _object(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", "string", "integer"]),
            "properties": st.dictionaries(st.text("ab1", max_size=2), inner, max_size=2),
            "patternProperties": st.dictionaries(_patterns, inner, max_size=2),
            "additionalProperties": inner,
            "items": inner,
            "uniqueItems": st.booleans(),
            "pattern": _patterns,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
        },
    )


_schemas = st.recursive(st.booleans() | _object(st.booleans()), _object, max_leaves=6)


@settings(max_examples=300, deadline=None)
@given(_schemas, _values)
def test_it_takes_and_refuses_the_same(schema: Any, value: Any) -> None:
    assert _places(LinearValidator(schema), value) == _places(jsonschema.Draft202012Validator(schema), value)


def _places(validator: Any, value: Any) -> list[list[str]]:
    return sorted([str(part) for part in error.absolute_path] for error in validator.iter_errors(value))


@pytest.mark.parametrize(
    ("first", "second", "same"), [(1, 1.0, True), (1, True, False), ([1], [1.0], True), ("1", 1, False)]
)
def test_items_are_the_same_as_json_schema_has_it(first: Any, second: Any, same: bool) -> None:
    assert LinearValidator({"uniqueItems": True}).is_valid([first, second]) is not same


def test_a_pattern_that_takes_for_ever_elsewhere_ends() -> None:
    assert not LinearValidator({"pattern": "^(a+)+$"}).is_valid("a" * 100_000 + "!")


@pytest.mark.parametrize("pattern", ["(?=a)", r"(a)\1", "[", "((a{900}){900}){900}"])
def test_what_is_no_pattern_is_told(pattern: str) -> None:
    with pytest.raises(BadPattern):
        compiled(pattern)


def test_references_are_counted_where_they_are_used() -> None:
    pair = {"allOf": [{"$ref": "#/$defs/b"}, {"$ref": "#/$defs/b"}]}
    schema = {"$defs": {"a": pair, "b": {"enum": [1, 2]}}, "items": {"$ref": "#/$defs/a"}}
    assert unfolded_size(schema) == 11
    doubling = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)}
    assert unfolded_size({"$defs": {**doubling, "d60": True}, "$ref": "#/$defs/d0"}) == 1_000_000


@pytest.mark.parametrize("reference", ["#", "#/items", "#/nowhere", "http://example.org/s"])
def test_references_without_end_are_told(reference: str) -> None:
    with pytest.raises(EndlessSchema):
        unfolded_size({"items": {"$ref": reference}})
