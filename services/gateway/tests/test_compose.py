"""One document a listener, from the documents of all services."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.chassis.openapi import document_of
from services.chassis.routing import Call, Exposure, RouteTable
from services.gateway.__main__ import main
from services.gateway.domain.compose import CompositionError, compose
from services.gateway.tests import echo


def document(service: str, path: str, handler_name: str, body: type = echo.NewThing) -> dict[str, Any]:
    """Return the document of a service with one public route."""
    table = RouteTable("things")

    async def handler(call):
        raise NotImplementedError

    handler.__name__ = handler_name
    handler.__annotations__ = {"call": Call[None, body, None], "return": echo.Thing}
    table.post(path, Exposure.PUBLIC, "cluster.read", "Do")(handler)
    return document_of(service, "Test.", (table,))


def test_each_operation_names_its_service_and_only_used_schemas_are_there() -> None:
    public = compose([document_of("cluster", "An echo.", (echo.routes,))])["public"]
    assert public["paths"]["/v1/things"]["get"]["x-service"] == "cluster"
    assert "NewThing" in public["components"]["schemas"]
    assert "Thing" in public["components"]["schemas"]
    assert [tag["name"] for tag in public["tags"]] == ["things"]


def test_everything_that_conflicts_is_said_at_once() -> None:
    other = type("NewThing", (echo.Body,), {"__annotations__": {"colour": str}}, frozen=True)
    with pytest.raises(CompositionError) as refused:
        compose([document("one", "/v1/a/{b}", "do"), document("two", "/v1/a/{c}", "do", other)])
    text = str(refused.value)
    assert "two: POST /v1/a/{c} has the same route as one: POST /v1/a/{b}" in text
    assert "operation id do" in text
    assert "the schema NewThing differs" in text


def test_the_command_writes_both_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "cluster.json"
    source.write_text(json.dumps(document_of("cluster", "An echo.", (echo.routes,))))
    assert main(["compose", "--into", str(tmp_path / "api"), str(source)]) == 0
    assert "/v1/machines" in json.loads((tmp_path / "api/operator.json").read_text())["paths"]
    twin = tmp_path / "twin.json"
    twin.write_text(source.read_text().replace('"x-service": "cluster"', '"x-service": "twin"'))
    assert main(["compose", "--into", str(tmp_path / "api"), str(source), str(twin)]) == 1
    assert "twin" in capsys.readouterr().err
