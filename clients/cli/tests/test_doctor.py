"""`cloudpoint doctor` against a served API: what it asks, prints, and ends with."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from clients.cli.tests.examples import AT, page, project
from clients.cli.tests.served import Api
from cloudpoint.command import exits
from cloudpoint.sdk import transport

Run = Callable[..., Result]
BAD = {"state": "failed", "sentence": "The clock is 90 s ahead.", "what_to_mend": "Keep time.", "evidence": "Date: …"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_PAUSE_SECONDS", 0.01)


def finding(check: str, state: str = "ok", sentence: str = "All is well.", **more: Any) -> dict[str, Any]:
    return {"check": check, "state": state, "sentence": sentence, "what_to_mend": None, "evidence": None, **more}


def report(service: str, *findings: dict[str, Any], cloud: str = "alpha") -> dict[str, Any]:
    return {"cloud_id": cloud, "service": service, "looked_at": AT, "findings": list(findings)}


@pytest.fixture
def well(api: Api) -> Api:
    """A platform whose one cloud is well."""
    api.answer("GET", "/v1/clouds", page({"id": "alpha", "default": True}))
    api.answer("GET", "/v1/projects", page(project()))
    for service, check in (("identity", "clock"), ("node", "node-ports"), ("cluster", "image")):
        api.answer("POST", f"/v1/clouds/alpha/checks/{service}", report(service, finding(check)))
    return api


def change(api: Api, service: str, *findings: dict[str, Any]) -> None:
    api.answers.pop(("POST", f"/v1/clouds/alpha/checks/{service}"))
    api.answer("POST", f"/v1/clouds/alpha/checks/{service}", report(service, *findings))


def test_a_cloud_that_is_well(well: Api, run: Run) -> None:
    result = run("doctor")
    assert result.exit_code == exits.OK, result.output
    assert "alpha, as the project research sees it" in result.stdout and "3 checks: 3 ok." in result.stdout
    bodies = {asked.path: asked.body for asked in well.asked if asked.method == "POST"}
    assert json.loads(bodies["/v1/clouds/alpha/checks/cluster"]) == {"project": "prj_1"}
    assert bodies["/v1/clouds/alpha/checks/node"] == b""


def test_a_failure_says_what_to_mend_and_ends_with_one(well: Api, run: Run) -> None:
    change(well, "identity", finding("keystone-credential"), finding("clock", **BAD))
    result = run("doctor")
    assert result.exit_code == exits.OPERATION_FAILED
    assert all(words in result.stdout for words in ("90 s ahead", "→ Keep time.", "Date: …"))
    assert "4 checks: 3 ok, 1 failed." in result.stdout


def test_a_warning_is_no_failure(well: Api, run: Run) -> None:
    change(well, "node", finding("node-health", "warning", what_to_mend="Mend it."), finding("node-power", "unchecked"))
    result = run("doctor")
    assert result.exit_code == exits.OK and "2 ok, 1 warning, 1 unchecked" in result.stdout


def test_json_is_what_the_services_answered(well: Api, run: Run) -> None:
    change(well, "identity", finding("clock", **BAD))
    result = run("doctor", "-o", "json")
    assert result.exit_code == exits.OPERATION_FAILED
    items = json.loads(result.stdout)["items"]
    assert [item["service"] for item in items] == ["identity", "node", "cluster"]
    assert items[0]["findings"][0]["sentence"] == BAD["sentence"]


@pytest.mark.parametrize(("status", "word"), [(503, "some-code"), (404, "does not know this cloud")])
def test_a_service_that_does_not_report_is_a_finding_beside_the_others(
    well: Api, run: Run, status: int, word: str
) -> None:
    well.answers.pop(("POST", "/v1/clouds/alpha/checks/node"))
    well.problem("POST", "/v1/clouds/alpha/checks/node", status, "some-code")
    result = run("doctor")
    assert result.exit_code == exits.OPERATION_FAILED
    assert word in result.stdout and "image" in result.stdout and "2 ok, 1 failed" in result.stdout


def test_who_may_not_ask_is_told_so(well: Api, run: Run) -> None:
    well.answers.pop(("POST", "/v1/clouds/alpha/checks/node"))
    well.problem("POST", "/v1/clouds/alpha/checks/node", 403, "forbidden")
    assert run("doctor").exit_code == exits.FORBIDDEN


def test_one_cloud_and_one_project_can_be_named(well: Api, run: Run) -> None:
    well.answers.pop(("GET", "/v1/projects"))
    well.answer("GET", "/v1/projects", page(project(), project(2, "teaching")))
    assert run("doctor", "--cloud", "alpha", "--project", "teaching").exit_code == exits.OK
    assert b'"prj_2"' in next(asked.body for asked in well.asked if asked.path.endswith("/cluster"))
    assert run("doctor", "--cloud", "beta").exit_code == exits.NOT_FOUND
    assert run("doctor", "--project", "nobody").exit_code == exits.NOT_FOUND


def test_a_platform_without_a_project_is_checked_too(well: Api, run: Run) -> None:
    well.answers.pop(("GET", "/v1/projects"))
    well.answer("GET", "/v1/projects", page())
    assert run("doctor").exit_code == exits.OK
    assert b'{"project":null}' in [asked.body for asked in well.asked]
