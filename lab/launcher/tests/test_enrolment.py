"""Machines are enrolled by the cloud's own log-in, whoever's shell starts it."""

from pathlib import Path

import pytest
import yaml

from lab.launcher.enrolment import operator


def test_a_log_in_of_the_shell_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auth = {"auth_url": "http://127.0.0.1:1", "username": "admin", "password": "right", "user_domain_id": "default"}
    file = tmp_path / "clouds.yaml"
    file.write_text(yaml.safe_dump({"clouds": {"system": {"region_name": "one", "auth": auth}}}))
    monkeypatch.setenv("OS_PASSWORD", "wrong")
    monkeypatch.setenv("OS_PROJECT_NAME", "somebody")
    config = operator(file).config
    assert config.get_auth_args() == auth
    assert config.get_region_name() == "one"
