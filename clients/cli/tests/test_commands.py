"""The command against a served API: what it prints, sends, and ends with."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import Result

from clients.cli.tests.examples import AT, cluster, event, key, matrix, operation, page, project, user
from clients.cli.tests.served import Api
from cloudpoint.command import exits, main
from cloudpoint.sdk import transport

Run = Callable[..., Result]
ACCEPTED = {"operation_id": "op_1", "cluster_id": "clu_1"}
NAMES = """login project key token blueprint element plan cluster operation node events completion
cluster:create cluster:list cluster:show cluster:watch cluster:ssh cluster:ssh-config cluster:delete cluster:export
cluster:lock cluster:unlock operation:show operation:watch operation:resume operation:cancel operation:undo
blueprint:list blueprint:show blueprint:validate blueprint:upload blueprint:download blueprint:versions
blueprint:diff blueprint:share blueprint:unshare element:list element:show element:upload element:validate
element:share node:list node:show node:power node:maintenance"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_PAUSE_SECONDS", 0.01)


@pytest.mark.parametrize("name", NAMES.split())
def test_every_command_explains_itself(run: Run, name: str) -> None:
    result = run(*name.split(":"), "--help")
    assert result.exit_code == 0
    assert main.commands[name.split(":")[0]].help


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, exits.INVALID),
        (401, exits.NOT_AUTHENTICATED),
        (403, exits.FORBIDDEN),
        (404, exits.NOT_FOUND),
        (409, exits.CONFLICT),
        (412, exits.CONFLICT),
        (413, exits.INVALID),
        (422, exits.INVALID),
        (429, exits.UNAVAILABLE),
        (500, exits.UNAVAILABLE),
        (503, exits.UNAVAILABLE),
    ],
)
def test_exit_codes(api: Api, run: Run, status: int, code: int) -> None:
    api.problem("GET", "/v1/me", status, "some-code")
    result = run("whoami")
    assert result.exit_code == code
    assert "It is some-code." in result.output


def test_all_errors_of_a_request_are_told(api: Api, run: Run) -> None:
    errors = [
        {"pointer": "/name", "message": "Too long.", "hint": "Cut it."},
        {"pointer": "/parameters/n", "message": "No."},
    ]
    api.answer("GET", "/v1/projects", page(project()))
    api.problem("POST", "/v1/clusters", 422, "invalid-request", errors=errors, hint="See the docs.")
    result = run("cluster", "create", "x", "--plan", "pln_1")
    assert result.exit_code == exits.INVALID
    assert "  /name: Too long. Cut it.\n  /parameters/n: No.\nSee the docs." in result.stderr


def test_nobody_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDPOINT_URL", "http://127.0.0.1:1")
    result = run("whoami")
    assert result.exit_code == exits.UNAVAILABLE
    assert "http://127.0.0.1:1" in result.stderr


def test_log_in_remembers_the_token(api: Api, run: Run, folder: Path) -> None:
    token = {"id": "ses_1", "token": "t", "user_id": "usr_1", "expires_at": "2026-11-22T00:00:00Z"}
    api.answer("POST", "/v1/sessions", token)
    result = run("login", "--url", api.url, "--email", "a@example.org", "--password-stdin", input="secret\n")
    assert result.exit_code == 0, result.output
    assert json.loads(api.asked[0].body) == {"email": "a@example.org", "password": "secret"}
    assert yaml.safe_load((folder / "settings.yaml").read_text())["token"] == "t"
    assert "secret" not in result.output


def test_json_is_what_the_api_answered(api: Api, run: Run) -> None:
    body = json.dumps({**cluster(), "from_the_future": [1.50]}, indent=1).encode()
    api.answer("GET", "/v1/clusters/clu_1", body)
    assert run("cluster", "show", "clu_1", "-o", "json").stdout_bytes == body + b"\n"
    listed = b'{"items":[{"id":"prj_1","organisation_id":"o","name":"n","created_at":"2026-11-21T13:12:27Z","x":1e3}]'
    api.answer("GET", "/v1/projects", listed + b',"next_cursor":null}')
    assert run("project", "list", "-o", "json").stdout_bytes == listed + b',"next_cursor":null}\n'


def test_a_row_stays_a_line_where_no_terminal_is(api: Api, run: Run) -> None:
    api.answer("GET", "/v1/clusters", page(cluster(name="a" * 40, blueprint="b" * 100), cluster(id="clu_2")))
    lines = run("cluster", "list").stdout.splitlines()
    assert len(lines) == 3
    assert "a" * 40 in lines[1]
    assert "b" * 100 in lines[1]


def test_a_cluster_by_name(api: Api, run: Run) -> None:
    api.answer("GET", "/v1/clusters?name=demo", page(cluster()))
    told = {"kind": "template", "summary": "Where it answers.", "value": "http://192.0.2.7/"}
    api.answer("GET", "/v1/clusters/clu_1", cluster(outputs={"url": told, "sizes": {**told, "value": [1, 2]}}))
    result = run("cluster", "show", "demo")
    assert result.exit_code == 0
    assert "demo-compute-1" in result.stdout
    assert "url  http://192.0.2.7/  Where it answers." in result.stdout and "sizes  [1, 2]" in result.stdout
    api.answer("GET", "/v1/clusters?name=none", page())
    assert run("cluster", "show", "none").exit_code == exits.NOT_FOUND


def test_a_name_in_two_projects(api: Api, run: Run) -> None:
    api.answer("GET", "/v1/clusters?name=demo", page(cluster(), cluster(id="clu_2", project_id="prj_2")))
    result = run("cluster", "show", "demo")
    assert result.exit_code == exits.USAGE
    assert "clu_2 (in prj_2)" in result.stderr
    api.answer("GET", "/v1/projects", page(project(), project(2, "other")))
    api.answer("GET", "/v1/clusters?name=demo&project=prj_2", page(cluster(id="clu_2", project_id="prj_2")))
    api.answer("GET", "/v1/clusters/clu_2", cluster(id="clu_2"))
    assert run("cluster", "show", "demo", "--project", "other").exit_code == 0


def test_the_parameters_of_a_cluster(api: Api, run: Run, tmp_path: Path) -> None:
    blueprint = {"id": "b", "name": "slurm", "version": "1", "summary": "", "icon": None, "readme": "", "roles": []}
    schema = {"required": ["users"], "properties": {}}
    rest = {
        "elements": [],
        "templates": {},
        "outputs": [],
        "checks": [],
        "digest": "d",
        "published_at": user()["created_at"],
    }
    api.answer("GET", "/v1/projects", page(project()))
    api.answer("GET", "/v1/blueprints/slurm?project=prj_1", {**blueprint, **rest, "parameters": schema})
    api.answer("GET", "/v1/me", user())
    api.answer("GET", "/v1/keys", page(key()))
    api.answer("POST", "/v1/clusters", ACCEPTED, 202)
    file = tmp_path / "p.yaml"
    file.write_text("count: 1\npartition: main\n")
    result = run("cluster", "create", "demo", "--blueprint", "slurm", "--parameters", str(file), "--set", "count=2")
    assert result.exit_code == 0, result.output
    assert json.loads(api.asked[-1].body)["parameters"] == {
        "count": 2,
        "partition": "main",
        "users": [{"name": "ada-l", "ssh_keys": ["ssh-ed25519 AAAA a"]}],
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--blueprint", "slurm", "--plan", "pln_1"), "Say what to build"),
        ((), "Say what to build"),
        (("--blueprint", "slurm", "--set", "count"), "--set takes NAME=VALUE"),
        (("--blueprint", "slurm", "--set", "count=[1"), "is no YAML"),
        (("--blueprint", "slurm", "--user", "a=/nowhere.pub"), "can't be read"),
    ],
)
def test_wrong_usage(api: Api, run: Run, arguments: tuple[str, ...], told: str) -> None:
    api.answer("GET", "/v1/projects", page(project()))
    result = run("cluster", "create", "demo", *arguments)
    assert result.exit_code == exits.USAGE
    assert told in result.stderr
    assert not any(asked.method == "POST" for asked in api.asked)


@pytest.mark.parametrize(
    ("state", "code"),
    [("succeeded", exits.OK), ("parked", exits.OPERATION_FAILED), ("undone", exits.OPERATION_FAILED)],
)
def test_wait_tells_each_change_once(api: Api, run: Run, state: str, code: int) -> None:
    ended = [{**step, "state": "done", "ended_at": "2026-11-21T13:13:57Z"} for step in operation()["steps"]]
    api.answer("GET", "/v1/projects", page(project()))
    api.answer("POST", "/v1/clusters", ACCEPTED, 202)
    api.answer("GET", "/v1/operations/op_1", operation())
    api.answer("GET", "/v1/operations/op_1", operation())
    api.answer("GET", "/v1/operations/op_1", operation(state, steps=ended, allowed=["resume", "undo"]))
    api.answer("GET", "/v1/operations/op_1/matrix", matrix(("demo-head", "users", "ok")))
    result = run("cluster", "create", "demo", "--plan", "pln_1", "--wait")
    assert result.exit_code == code, result.output
    assert result.stdout.count("✓ Hold machines  1:30") == 1
    assert result.stdout.count("▶ Configure  1 of 4 done") == 1
    assert ("cloudpoint operation resume op_1" in result.output) == (state == "parked")


def test_an_undo_is_done_when_it_is_undone(api: Api, run: Run) -> None:
    api.answer("POST", "/v1/operations/op_1/undo", operation("undoing"), 202)
    api.answer("GET", "/v1/operations/op_1", operation("undone"))
    api.answer("GET", "/v1/operations/op_1/matrix", matrix())
    assert run("operation", "undo", "op_1", "--wait").exit_code == exits.OK


def test_a_build_that_is_deleted_is_gone_when_it_is_undone(api: Api, run: Run) -> None:
    undone = [{**step, "phase": "undo", "state": "done"} for step in operation()["steps"]]
    api.answer("GET", "/v1/clusters/clu_1", cluster(state="building"))
    api.answer("DELETE", "/v1/clusters/clu_1", ACCEPTED, 202)
    api.answer("GET", "/v1/operations/op_1", operation("cancelling"))
    api.answer("GET", "/v1/operations/op_1", operation("undone", steps=undone))
    api.answer("GET", "/v1/operations/op_1/matrix", matrix())
    result = run("cluster", "delete", "clu_1", "--yes", "--wait")
    assert result.exit_code == exits.OK
    assert [line.split("  ")[0] for line in result.stdout.splitlines()[:2]] == [
        "↶ undo: Configure",
        "↶ undo: Hold machines",
    ]


def test_an_export_stays_in_its_folder(api: Api, run: Run, tmp_path: Path) -> None:
    api.answer("GET", "/v1/clusters/clu_1", cluster())
    files = {"README.md": "read", "create.sh": "#!/bin/bash", "hot/head-0.yaml": "x"}
    api.answer("GET", "/v1/clusters/clu_1/export", {"cluster": "demo", "files": files})
    api.answer("GET", "/v1/clusters/clu_1/export", {"cluster": "demo", "files": {"../evil": "x"}})
    assert run("cluster", "export", "clu_1", str(tmp_path / "out")).exit_code == 0
    assert (tmp_path / "out/create.sh").stat().st_mode & 0o111
    assert (tmp_path / "out/hot/head-0.yaml").read_text() == "x"
    assert run("cluster", "export", "clu_1", str(tmp_path / "out")).exit_code == exits.INVALID
    assert not (tmp_path / "evil").exists()


def test_events_are_told_oldest_first(api: Api, run: Run) -> None:
    api.answer("GET", "/v1/projects", page(project()))
    api.answer("GET", "/v1/events?project=prj_1", page(event(3), event(2), cursor="more"))
    lines = run("events", "--last", "2").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "3"]
    assert "state=ready" in lines[0]
    assert "reason" not in lines[0]


def test_ssh_config_names_every_host(api: Api, run: Run, folder: Path) -> None:
    parameters = {"users": [{"name": "ada-l", "ssh_keys": []}, {"name": "bob", "ssh_keys": []}]}
    fit = {"snapshot_id": "s", "taken_at": AT, "fits": True}
    names = (
        "id",
        "project_id",
        "cloud_id",
        "cluster_name",
        "blueprint",
        "blueprint_version",
        "blueprint_digest",
        "hash",
    )
    plan = {**dict.fromkeys(names, "x"), "parameters": parameters, "roles": [], "elements": [], "fit": fit}
    api.answer("GET", "/v1/clusters/clu_1", cluster())
    api.answer("GET", "/v1/plans/pln_1", {**plan, "created_at": AT})
    api.answer("GET", "/v1/me", user())
    text = run("cluster", "ssh-config", "clu_1").stdout
    assert text.count("Host demo-") == 2
    assert text.count("User ada-l") == 2
    assert f"env CLOUDPOINT_CONFIG={folder}" in text
    assert "-m cloudpoint connect clu_1 demo-head %p" in text


def test_operators_commands_need_the_operators_address(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOUDPOINT_OPERATOR_URL")
    result = run("node", "list")
    assert result.exit_code == exits.USAGE
    assert "--operator-url" in result.stderr
