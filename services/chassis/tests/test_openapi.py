"""The document of a service is valid, complete, and says what the routes do."""

import re
from enum import StrEnum
from typing import Any

import jsonschema
import msgspec
import pytest

from services.chassis.openapi import document_of
from services.chassis.routing import Call, Exposure, Page, Paging, RouteTable
from services.chassis.tests.desk import Desk, Letter, routes


class Colour(StrEnum):
    """Of the paper."""

    RED = "red"
    BLUE = "blue"


class PaperFilter(Paging, frozen=True, kw_only=True):
    """Narrow a list by a word from a list."""

    colour: Colour
    second: Colour | None = None


papers = RouteTable("papers")


@papers.get("/v1/papers", Exposure.PUBLIC, "project.read", "List paper")
async def list_papers(call: Call[Desk, None, PaperFilter]) -> Page[Letter]:
    """List."""
    raise NotImplementedError


@pytest.fixture
def document() -> dict[str, Any]:
    return msgspec.json.decode(msgspec.json.encode(document_of("desk", "Letters", [routes, papers])))


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(path, one) for path, methods in document["paths"].items() for one in methods.values()]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = msgspec.json.encode(document).decode()
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert names and names <= set(document["components"]["schemas"])
    assert "$defs" not in text
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in document["components"]["schemas"])


def test_every_schema_is_one_of_json_schema_2020_12(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for _path, one in operations(document):
        for parameter in one["parameters"]:
            jsonschema.Draft202012Validator.check_schema(parameter["schema"])


def test_what_a_body_needs_and_refuses_is_kept(document: dict[str, Any]) -> None:
    written = document["components"]["schemas"]["WriteLetter"]
    assert written["required"] == ["project", "name"] and written["additionalProperties"] is False
    assert written["properties"]["copies"] == {"type": "integer", "minimum": 1, "maximum": 9, "default": 1}


def test_each_operation_says_who_may_and_what_comes_back(document: dict[str, Any]) -> None:
    assert len({one["operationId"] for _path, one in operations(document)}) == len(operations(document))
    for path, one in operations(document):
        named = [parameter["name"] for parameter in one["parameters"] if parameter["in"] == "path"]
        assert named == re.findall(r"{(\w+)}", path)
        problem = one["responses"]["default"]["content"]["application/problem+json"]["schema"]
        assert problem == {"$ref": "#/components/schemas/ProblemDocument"}
    show = document["paths"]["/v1/letters/{letter_id}"]["get"]
    assert (show["x-permission"], show["x-exposure"], show["security"]) == ("project.read", "public", [{"token": []}])
    assert show["responses"]["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Letter"}
    assert document["paths"]["/v1/open"]["get"]["security"] == []
    assert document["paths"]["/v1/stream"]["get"]["x-stream"] is True
    assert document["paths"]["/internal/seen/{name}"]["get"]["x-callers"] == ["clerk"]
    keys = [one for one in document["paths"]["/v1/letters"]["post"]["parameters"] if one["name"] == "Idempotency-Key"]
    assert [key["required"] for key in keys] == [True]


def test_query_parameters_say_what_they_take(document: dict[str, Any]) -> None:
    found = {one["name"]: one for one in document["paths"]["/v1/papers"]["get"]["parameters"]}
    assert {name: one["required"] for name, one in found.items()} == {
        "limit": False,
        "cursor": False,
        "colour": True,
        "second": False,
    }
    assert found["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}
    assert found["colour"]["schema"] == {"$ref": "#/components/schemas/Colour"}
    assert document["components"]["schemas"]["Colour"]["enum"] == ["blue", "red"]
