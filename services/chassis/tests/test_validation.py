"""What comes from outside is refused with a reason for every place, and never breaks the service."""

from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.errors import InvalidRequest, MalformedBody, Problem
from services.chassis.routing import NoQuery
from services.chassis.validation import convert_query, decode_body, schema_problems


class Disk(msgspec.Struct, frozen=True, tag="disk", tag_field="kind", forbid_unknown_fields=True):
    gigabytes: int


class Share(msgspec.Struct, frozen=True, tag="share", tag_field="kind", forbid_unknown_fields=True):
    path: str


class Host(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=2)]
    volumes: list[Disk | Share] = []


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    count: Annotated[int, msgspec.Meta(ge=1)] = 1
    price: float = 0
    note: str | None = None
    hosts: list[Host] = []
    labels: dict[str, str] = {}
    anything: Any = None


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    project: str
    limit: Annotated[int, msgspec.Meta(ge=1)] = 50
    locked: bool | None = None


def pointers(body: Any, wanted: Any = Order) -> set[str]:
    with pytest.raises(InvalidRequest) as refused:
        decode_body(msgspec.json.encode(body), wanted)
    return {problem.pointer for problem in refused.value.errors}


def test_every_wrong_place_is_named_at_once() -> None:
    body = {
        "name": 7,
        "count": 0,
        "note": [],
        "labels": {"a/b": 1, "c~d": 2},
        "hosts": [{"name": "ok"}, {"name": "x"}, {"volumes": 5}],
    }
    named = {
        "/name",
        "/count",
        "/note",
        "/labels/a~1b",
        "/labels/c~0d",
        "/hosts/1/name",
        "/hosts/2",
        "/hosts/2/volumes",
    }
    assert pointers(body) == named


def test_an_unknown_field_is_refused_by_name_with_those_that_are_known() -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode_body(b'{"name": "a", "colour": "red"}', Order)
    (problem,) = refused.value.errors
    assert "'colour'" in problem.message
    assert problem.hint == "Known here are: anything, count, hosts, labels, name, note, price."


def test_the_branch_of_a_union_that_was_meant_is_the_one_that_is_told() -> None:
    hosts = [{"name": "aa", "volumes": [{"kind": "disk", "gigabytes": "much"}, {"kind": "share"}]}]
    assert pointers({"name": "a", "hosts": hosts}) == {"/hosts/0/volumes/0/gigabytes", "/hosts/0/volumes/1"}
    assert pointers({"name": "a", "hosts": [{"name": "aa", "volumes": [{"kind": "tape"}]}]}) == {
        "/hosts/0/volumes/0/kind"
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b'{"name": 5, garbage',
        b'{"name": "a"} more',
        b'{"name": "\xff\xfe"}',
        b'{"\xff": 5}',
        b'{"name": 5, "note": "\xff"}',
        b'{"name": "\\ud800"}',
        b'{"name": "a", "price": NaN}',
        b'{"name": "a", "price": 1e999}',
        b'{"name": 5, "price": 1e999}',
        b'{"name": "a", "count": %s}' % (b"9" * 6000),
        b'{"name": "a", "anything": %s}' % (b"9" * 6000),
        b'{"name": "a", "anything": %s%s}' % (b"[" * 5000, b"]" * 5000),
        b'{"name": 5, "anything": %s%s}' % (b"[" * 5000, b"]" * 5000),
        b'{"name": "a\\u0000b"}',
        b'{"name": "a\\\\\\u0000b"}',
        b'{"name": "a\0b"}',
        b"\xef\xbb\xbf{}",
        '{"name": "a"}'.encode("utf-16"),
    ],
)
def test_what_is_not_json_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedBody):
        decode_body(raw, Order)


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert decode_body(rb'{"name": "C:\\u0000"}', Order).name == r"C:\u0000"


def test_no_body_is_told_as_a_missing_object() -> None:
    assert pointers(None) == {""}
    with pytest.raises(InvalidRequest):
        decode_body(b"", Order)


def test_a_deep_wrong_value_is_refused_and_shortened() -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode_body(b'{"name": %s%s}' % (b"[" * 900, b"]" * 900), Order)
    assert len(refused.value.errors[0].message) <= 300


def test_answers_stay_small_however_much_is_wrong() -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode_body(msgspec.json.encode({"name": "a", "hosts": [1] * 5000}), Order)
    assert len(refused.value.errors) == 100


def test_of_a_large_body_the_first_error_is_told() -> None:
    hosts = [{"name": "host"}] * 5000 + [{"name": 5}]
    assert pointers({"name": "a", "hosts": hosts}) == {"/hosts"}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_break_it(raw: bytes) -> None:
    try:
        decode_body(raw, Order)
    except Problem as problem:
        assert problem.status in (400, 422)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "hosts", "kind", "volumes"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(_JSON)
def test_no_json_breaks_it_and_each_refusal_names_a_place(value: Any) -> None:
    try:
        decode_body(msgspec.json.encode(value), Order)
    except MalformedBody:
        pass
    except InvalidRequest as refusal:
        assert refusal.errors


def test_query_parameters_become_what_they_are() -> None:
    query = convert_query({"project": "prj_a", "limit": "7", "locked": "true"}, Filter)
    assert query == Filter("prj_a", 7, True)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"limit": "0", "locked": "perhaps", "colour": "red"}, {"?project", "?limit", "?locked", "?colour"}),
        ({}, {"?project"}),
        ({"project": ["a", "b"]}, {"?project"}),
        ({"project": "a\0b"}, {"?project"}),
        ({"project": ["a", "\0"]}, {"?project"}),
    ],
)
def test_every_wrong_parameter_is_named(values: dict[str, Any], named: set[str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        convert_query(values, Filter)
    assert {problem.pointer for problem in refused.value.errors} == named


def test_a_route_without_parameters_refuses_any() -> None:
    with pytest.raises(InvalidRequest) as refused:
        convert_query({"verbose": "1"}, NoQuery)
    (problem,) = refused.value.errors
    assert (problem.pointer, problem.hint) == ("?verbose", None)


def test_a_schema_that_refers_elsewhere_is_refused_and_nothing_is_fetched(
    unused_address: tuple[str, list[str]],
) -> None:
    url, asked = unused_address
    problems = schema_problems({}, {"$ref": url}, prefix="/parameters")
    assert [problem.pointer for problem in problems] == ["/parameters"]
    assert url in problems[0].message
    assert not asked


def test_a_schema_that_refers_to_itself_for_ever_is_refused() -> None:
    assert "nested too deeply" in schema_problems(1, {"$ref": "#"})[0].message
