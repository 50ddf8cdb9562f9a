"""Own blueprints and elements on the command line: what is sent, what is told, and what is written."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from clients.cli.tests.examples import AT, page, project
from clients.cli.tests.served import Api
from cloudpoint.command import exits

Run = Callable[..., Result]
PUBLISHED = {"name": "ours", "version": "1.0.0", "summary": "x", "digest": "d", "published_at": AT, "owner": "prj_1"}
UPLOAD = "/v1/blueprints/archive?project=prj_1"


@pytest.fixture
def blueprint(tmp_path: Path) -> Path:
    """A folder with two files, a hidden one and a link."""
    folder = tmp_path / "ours"
    (folder / ".git").mkdir(parents=True)
    (folder / "infrastructure").mkdir()
    for path in ("blueprint.yaml", "infrastructure/head.yaml", ".git/config"):
        (folder / path).write_text(f"{path}\n")
    (folder / "link").symlink_to("/etc/passwd")
    return folder


def test_a_folder_is_sent_without_links_and_hidden_files(api: Api, run: Run, blueprint: Path) -> None:
    api.answer("GET", "/v1/projects", page(project()))
    api.answer("POST", UPLOAD, PUBLISHED, 201)
    result = run("blueprint", "upload", str(blueprint))
    assert result.exit_code == exits.OK, result.output
    sent = api.asked[-1]
    with tarfile.open(fileobj=io.BytesIO(sent.body)) as archive:
        assert archive.getnames() == ["blueprint.yaml", "infrastructure/head.yaml"]
    assert sent.headers["Content-Type"] == "application/octet-stream" and sent.headers["Idempotency-Key"]
    assert "Left out: .git\n" in result.output and "Left out: link\n" in result.output
    assert "Packed 2 files" in result.output and "ours 1.0.0 is published" in result.output


def test_an_archive_is_sent_as_it_is(api: Api, run: Run, tmp_path: Path) -> None:
    api.answer("GET", "/v1/projects", page(project()))
    api.answer("POST", UPLOAD.replace("blueprints", "elements"), PUBLISHED, 201)
    (tmp_path / "element.tgz").write_bytes(b"any bytes")
    result = run("element", "upload", str(tmp_path / "element.tgz"), "-o", "json")
    assert api.asked[-1].body == b"any bytes"
    assert json.loads(result.stdout) == PUBLISHED


def test_one_template_is_sent_as_text_with_its_name_and_version(api: Api, run: Run, tmp_path: Path) -> None:
    api.answer("GET", "/v1/projects", page(project()))
    api.answer("POST", "/v1/blueprints", PUBLISHED, 201)
    source = tmp_path / "mine.yaml"
    source.write_text("heat_template_version: 2021-04-16\n")
    result = run("blueprint", "upload", str(source), "--name", "ours", "--version", "1.0.0")
    assert result.exit_code == exits.OK and "ours 1.0.0 is published" in result.output, result.output
    files = {"mine.yaml": "heat_template_version: 2021-04-16\n"}
    sent = json.loads(api.asked[-1].body)
    assert sent == {"project": "prj_1", "files": files, "name": "ours", "version": "1.0.0"}
    errors = [{"pointer": "/files/mine.yaml", "message": "Line 1: It makes no machine.", "hint": "Add one."}]
    api.answers.clear()
    api.answer("GET", "/v1/projects", page(project()))
    api.problem("POST", "/v1/blueprints", 422, "invalid-upload", errors=errors)
    refused = run("blueprint", "upload", str(source))
    assert refused.exit_code == exits.INVALID and f"{source}:1 It makes no machine. Add one." in refused.output


def test_a_folder_is_named_in_its_document_only(api: Api, run: Run, blueprint: Path) -> None:
    api.answer("GET", "/v1/projects", page(project()))
    result = run("blueprint", "upload", str(blueprint), "--name", "other")
    assert result.exit_code == exits.USAGE and "in blueprint.yaml" in result.output
    assert all(asked.method == "GET" for asked in api.asked)


def test_one_template_is_validated(api: Api, run: Run, tmp_path: Path) -> None:
    finding = {"file": "mine.yaml", "line": 3, "message": "It is wrong.", "hint": None}
    api.answer("POST", "/v1/blueprints/validate", {"valid": False, "findings": [finding]})
    api.answer("GET", "/v1/projects", page(project()))
    (tmp_path / "mine.yaml").write_text("a: b\n")
    result = run("blueprint", "validate", str(tmp_path / "mine.yaml"))
    assert result.exit_code == exits.INVALID and "mine.yaml:3 It is wrong." in "".join(result.output.splitlines())
    assert json.loads(api.asked[-1].body)["files"] == {"mine.yaml": "a: b\n"}


def test_what_is_wrong_is_told_by_file_and_line(api: Api, run: Run, blueprint: Path) -> None:
    errors = [
        {"pointer": "/files/infrastructure~1head.yaml", "message": "Line 7: It is wrong.", "hint": "Mend it."},
        {"pointer": "/files", "message": "There is no README."},
    ]
    api.answer("GET", "/v1/projects", page(project()))
    api.problem("POST", UPLOAD, 422, "invalid-upload", errors=errors)
    result = run("blueprint", "upload", str(blueprint))
    assert result.exit_code == exits.INVALID
    assert f"{blueprint}/infrastructure/head.yaml:7 It is wrong. Mend it." in result.output
    assert f"{blueprint} There is no README." in result.output and "2 errors." in result.output


def test_too_much_is_not_even_sent(api: Api, run: Run, blueprint: Path) -> None:
    api.answer("GET", "/v1/projects", page(project()))
    (blueprint / "large").write_bytes(b"x" * 5_000_001)
    result = run("blueprint", "upload", str(blueprint))
    assert result.exit_code == exits.INVALID and "at most 500" in result.output
    assert all(asked.method == "GET" for asked in api.asked)


def test_a_download_stays_in_its_folder(api: Api, run: Run, tmp_path: Path) -> None:
    files = {"blueprint.yaml": "a\n", "infrastructure/head.yaml": "b\n"}
    api.answer("GET", "/v1/blueprints/slurm/files", {"name": "slurm", "version": "1.0.0", "files": files})
    assert run("blueprint", "download", "slurm", str(tmp_path / "mine")).exit_code == exits.OK
    assert (tmp_path / "mine/infrastructure/head.yaml").read_text() == "b\n"
    again = run("blueprint", "download", "slurm", str(tmp_path / "mine"))
    assert again.exit_code == exits.USAGE and "is not empty" in again.output
    api.answer("GET", "/v1/blueprints/evil/files", {"name": "evil", "version": "1.0.0", "files": {"../x": "a"}})
    assert run("blueprint", "download", "evil", str(tmp_path / "evil")).exit_code == exits.UNAVAILABLE
    assert not (tmp_path / "x").exists()


def test_a_difference_is_told(api: Api, run: Run) -> None:
    lines = "--- a/blueprint.yaml\n+++ b/blueprint.yaml\n-old\n+new\n"
    told = {
        "name": "ours",
        "before": "1.0.0",
        "after": "1.1.0",
        "files": [{"path": "blueprint.yaml", "kind": "changed", "lines": lines}],
        "parameters_added": ["queue"],
        "parameters_removed": [],
        "parameters_changed": [],
    }
    api.answer("GET", "/v1/blueprints/ours/difference?before=1.0.0", told)
    output = run("blueprint", "diff", "ours", "1.0.0").output
    assert "changed: blueprint.yaml" in output and "+new" in output and "1.1.0 asks also for: queue" in output


def test_sharing_is_asked_for_the_project(api: Api, run: Run) -> None:
    api.answer("GET", "/v1/projects", page(project()))
    api.answer("PUT", "/v1/blueprints/ours/sharing", {"name": "ours", "owner": "prj_1", "shared": True})
    assert "are shared" in run("blueprint", "share", "ours").output
    assert json.loads(api.asked[-1].body) == {"project": "prj_1", "shared": True}
    run("blueprint", "unshare", "ours")
    assert json.loads(api.asked[-1].body)["shared"] is False
