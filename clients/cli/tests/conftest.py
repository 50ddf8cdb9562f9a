"""A served API, and the command run against it with a settings folder of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clients.cli.tests.served import Api, serving
from cloudpoint.command import main


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings folder."""
    for name in ("URL", "OPERATOR_URL", "TOKEN", "PROJECT", "EMAIL"):
        monkeypatch.delenv(f"CLOUDPOINT_{name}", raising=False)
    monkeypatch.setenv("CLOUDPOINT_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.fixture
def run(api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command, logged in to the served API."""
    monkeypatch.setenv("CLOUDPOINT_URL", api.url)
    monkeypatch.setenv("CLOUDPOINT_OPERATOR_URL", api.url)
    monkeypatch.setenv("CLOUDPOINT_TOKEN", "cpt_test")
    return lambda *arguments, **more: CliRunner().invoke(main, list(arguments), **more)
