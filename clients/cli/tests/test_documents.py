"""What the documents tell people to type is what the command takes."""

import shlex
from pathlib import Path

import click
import pytest

from cloudpoint.command import main

_ROOT = Path(__file__).parents[3]
_PAGES = [_ROOT / "README.md", _ROOT / "clients/cli/README.md", *sorted((_ROOT / "docs").rglob("*.md"))]
_LINES = [
    (page.relative_to(_ROOT).as_posix(), line.strip())
    for page in _PAGES
    if page.name != "commands.md"
    for line in page.read_text().splitlines()
    if line.strip().startswith("cloudpoint ") and "..." not in line
]


def test_there_are_lines() -> None:
    assert len(_LINES) > 10


@pytest.mark.parametrize(("page", "line"), _LINES)
def test_a_line_can_be_typed(page: str, line: str) -> None:
    words = [word for word in shlex.split(line, comments=True) if not word.startswith(">")][1:]
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group):
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"{page}: there is no command {name}"
        command, context = found, click.Context(found, context)
    command.make_parser(context).parse_args(words)
