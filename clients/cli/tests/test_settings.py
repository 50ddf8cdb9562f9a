"""What the command remembers."""

from pathlib import Path

import pytest

from cloudpoint.command import settings


def test_settings_are_readable_by_their_owner_only(folder: Path) -> None:
    settings.save(settings.load(), token="secret", project="prj_1")
    kept = folder / "settings.yaml"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert settings.load().token == "secret"
    settings.save(settings.load(), token=None)
    assert settings.load() == settings.Settings(project="prj_1")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_the_environment_goes_first_and_unknown_keys_are_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / "settings.yaml").write_text("url: https://a.example\ntoken: kept\nfrom_the_future: 1\n")
    monkeypatch.setenv("CLOUDPOINT_TOKEN", "given")
    assert settings.load() == settings.Settings(url="https://a.example", token="given")
