"""The comparison itself: what it must notice, and what it must let pass."""

import pytest

from tests.contract.openstack.accepted import ACCEPTED
from tests.contract.openstack.emulated import README
from tests.contract.openstack.shapes import differences, merged, shape_of
from tests.contract.openstack.texts import masked


def test_a_shape_tells_kinds_of_text_and_keeps_states() -> None:
    value = {"id": "0" * 32, "at": "2026-01-31T10:00:00Z", "status": "ACTIVE", "none": None, "empty": ""}
    expected = {"id": "hex id", "at": "time Z", "status": "=ACTIVE", "none": "null", "empty": "empty"}
    assert shape_of(value, exact=["status"]) == expected


def test_a_list_has_the_shape_of_all_its_items() -> None:
    shape = shape_of([{"a": 1}, {"a": None, "b": [1]}])
    assert shape == [{"a": "null | number", "b?": ["number"]}]
    assert merged(shape_of({"x": None}), shape_of({"x": {"y": 1}})) == {"x": {"one of": ["null", {"y": "number"}]}}


@pytest.mark.parametrize(
    ("seen", "expected", "said"),
    [
        ({"a": 1}, {"a": "1"}, ["$.a: number instead of text"]),
        ({}, {"a": "1"}, ["$.a: missing"]),
        ({"a": "1", "b": 1}, {"a": "1"}, ["$.b: not expected"]),
        ({"a": None}, {"a": {}}, ["$.a: null instead of an object"]),
        ([{"a": 1}], [{"a": None}], ["$[].a: number instead of null"]),
        ([], [{"a": None}], []),
        ({"a": "x"}, {"a": "y"}, []),
    ],
)
def test_differences_are_named_by_their_place(seen: object, expected: object, said: list[str]) -> None:
    assert differences(shape_of(seen), shape_of(expected)) == said


def test_what_is_optional_or_either_passes() -> None:
    expected = merged(shape_of({"a": None}), shape_of({"a": {"b": 1}, "c": 1}))
    assert differences(shape_of({"a": None}), expected) == []
    assert differences(shape_of({"a": {"b": 2}, "c": 2}), expected) == []
    assert differences(shape_of({"a": {"b": "x"}}), expected) == ["$.a.b: text instead of number"]


def test_texts_lose_what_is_of_one_run() -> None:
    text = "Node 12345678-1234-4123-8123-123456789abc at http://127.0.0.1:7600/v3 of lab1"
    assert masked(text, {"lab1": "region"}) == "Node <id> at <address>/v3 of <region>"


def test_an_id_that_was_cut_off_at_the_end_is_an_id() -> None:
    assert masked("instance 12345678-1234-4123-", {}) == masked("instance 12345678-12", {}) == "instance <id>"


def test_simclouds_readme_lists_every_difference_that_stays() -> None:
    text = " ".join(README.read_text().split())
    assert [one.reason for one in ACCEPTED if one.reason not in text] == []


def test_a_name_gives_way_as_a_whole_word_only() -> None:
    assert masked("live is alive in live-1", {"live": "region"}) == "<region> is alive in <region>-1"
