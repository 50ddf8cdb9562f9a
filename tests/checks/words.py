"""Words with a place of their own: "stack" stands only below adapters/heat and in a blueprint's `infrastructure`."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.checks.sources import ROOT, python_files, text_of

HOME_OF_STACK = "services/cluster/adapters/heat"
# Python's own exit stacks, the name of a role that Heat's default policy asks for, and names of Heat's.
OTHER_MEANINGS = re.compile(
    r"(Async)?ExitStack|stack_info|stacklevel|heat_stack_owner|openstack|OS::Heat::Stack|OS::stack_id", re.IGNORECASE
)
STACK = re.compile(r"(?<![a-z])stacks?(?![a-z])", re.IGNORECASE)


def problems() -> list[str]:
    """Every "stack" out of its place."""
    found = []
    for path in python_files("services", "clients"):
        at_home = path.is_relative_to(HOME_OF_STACK) or "tests" in path.parts
        if not at_home and not path.is_relative_to("services/chassis"):
            found += problems_of(path, text_of(path) or "")
    for path in sorted((ROOT / "blueprints").glob("*/blueprint.yaml")):
        found += problems_of(path.relative_to(ROOT), _without_infrastructure(path))
    return found


def problems_of(path: Path, text: str) -> list[str]:
    """The problems of one file, given as its path and text."""
    return [
        f'{path}:{number}: "stack" is a word of {HOME_OF_STACK}: say machine group'
        for number, line in enumerate(text.splitlines(), start=1)
        if STACK.search(OTHER_MEANINGS.sub("", line))
    ]


def _without_infrastructure(path: Path) -> str:
    document: dict[str, Any] = yaml.safe_load(path.read_text()) or {}
    document.pop("infrastructure", None)
    return yaml.safe_dump(document)
