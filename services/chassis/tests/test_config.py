"""A configuration that is wrong is refused with every place, and secrets come from where it points."""

import textwrap
from pathlib import Path

import pytest

from services.chassis.command import service_main
from services.chassis.config import ConfigurationError, Secret, ServiceSettings, load
from services.chassis.testing.authority import Authority
from services.chassis.tests.desk import service

GOOD = """
listen: {host: 127.0.0.1, port: 7999}
auth: {key_file: key.pem, issuer_keys: []}
services: {authz: "http://127.0.0.1:7501"}
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "desk.yaml"
    path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
    return path


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load(written(folder, text), ServiceSettings)
    return str(refused.value)


def test_a_good_file_is_taken_and_the_rest_has_its_defaults(tmp_path: Path) -> None:
    settings = load(written(tmp_path, GOOD), ServiceSettings)
    assert (settings.listen.port, settings.limits.request_seconds, settings.database) == (7999, 30.0, None)


def test_every_wrong_key_is_named_with_its_path(tmp_path: Path) -> None:
    text = refusal(
        tmp_path,
        """
        listen: {port: many, colour: red}
        auth: {key_file: 7}
        limits: {request_seconds: soon}
        colour: red
        """,
    )
    lines = text.splitlines()
    assert lines[0].endswith("desk.yaml is not a valid configuration:")
    for place, word in {
        "listen.port": "many",
        "listen": "colour",
        "auth.key_file": "7",
        "auth": "issuer_keys",
        "limits.request_seconds": "soon",
        "(top)": "colour",
    }.items():
        assert any(line.startswith(f"  {place}: ") and word in line for line in lines[1:]), (place, text)


@pytest.mark.parametrize("text", ["", "[]", "false", "7", "listen: [", "a: 1\n\tb: 2", b"\xff\xfe\x00", "1: 2"])
def test_what_is_no_configuration_is_refused_and_never_a_traceback(tmp_path: Path, text: str | bytes) -> None:
    assert "desk.yaml" in refusal(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml"):
        load(tmp_path / "nowhere.yaml", ServiceSettings)


def test_secrets_come_by_environment_or_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "from the environment")
    path = tmp_path / "password"
    path.write_text("from a file\n")
    assert Secret(env="DESK_PASSWORD").read() == "from the environment"
    assert Secret(file=str(path)).read() == "from a file"
    path.write_text("\n")
    monkeypatch.delenv("DESK_PASSWORD")
    for missing in (Secret(env="DESK_PASSWORD"), Secret(file=str(tmp_path / "none")), Secret(file=str(path))):
        with pytest.raises(ConfigurationError):
            missing.read()


def test_a_secret_comes_from_exactly_one_place() -> None:
    for both in ({}, {"env": "A", "file": "b"}):
        with pytest.raises(ValueError, match="say one of"):
            Secret(**both)


def test_check_config_says_whether_it_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert service_main(service(), ["check-config", "--config", str(written(tmp_path, GOOD))]) == 0
    assert "valid" in capsys.readouterr().out
    assert service_main(service(), ["check-config", "--config", str(written(tmp_path, "port: 1"))]) == 2
    assert "port" in capsys.readouterr().err


def test_a_key_that_can_not_be_read_ends_serve_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], authority: Authority
) -> None:
    assert service_main(service(), ["serve", "--config", str(written(tmp_path, GOOD))]) == 2
    assert "the keys of desk can't be read" in capsys.readouterr().err
