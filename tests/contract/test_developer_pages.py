"""What the developers' pages name is there: files, folders, commands, links, and names in the code."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs/developer").glob("*.md"))
FOLDERS = ("services/", "lab/", "tests/", "docs/", "clients/", "elements/", "blueprints/", "locks/")


def quoted(page: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", page.read_text())


def ids(page: Path) -> str:
    return page.stem


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_files_that_are_named_are_there(page: Path) -> None:
    paths = [text for text in quoted(page) if text.startswith(FOLDERS) and re.fullmatch(r"[\w./-]+", text)]
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_commands_that_are_named_are_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {match for text in quoted(page) for match in re.findall(r"^make ([a-z-]+)", text)}
    assert named <= targets
    modules = {match for text in quoted(page) for match in re.findall(r"python -m ([\w.]+)", text)}
    assert not [module for module in modules if importlib.util.find_spec(module) is None]


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]


def test_the_check_lists_are_there_and_name_files() -> None:
    for name in ("add-a-route", "add-a-permission", "add-a-service", "add-a-step"):
        named = [text for text in quoted(ROOT / f"docs/developer/{name}.md") if text.startswith(FOLDERS)]
        assert len(named) >= 3, name


def test_names_in_the_code_that_are_told_are_there() -> None:
    """Words that the pages promise, by the file that has them."""
    told = {
        "services/chassis/command.py": ("def service_main",),
        "services/contracts/permissions.py": ("PERMISSIONS", "MAY_CALL"),
        "services/contracts/body.py": ("class Body",),
        "services/chassis/routing.py": ("needs_idempotency_key", "class Exposure", "callers"),
        "services/chassis/saga/context.py": ("def intent", "def guard"),
        "services/chassis/auth/caller.py": ("def require",),
    }
    for path, words in told.items():
        text = (ROOT / path).read_text()
        assert all(word in text for word in words), path
