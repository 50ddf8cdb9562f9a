"""No file names a package registry or a path of the machine that it was written on."""

import re
from pathlib import Path

from tests.checks.sources import ROOT, repository_files, text_of

# Written so that this file does not hold what it looks for.
REGISTRIES = (
    *(r"pypi[.]org", r"pythonhosted[.]org", r"npmjs[.](org|com)", r"crates[.]io", r"proxy[.]golang[.]org"),
    *(r"(deb|security)[.]debian[.]org", r"docker[.]io", r"quay[.]io", r"ghcr[.]io", r"gcr[.]io"),
)
OPTIONS = (r"--(extra-)?index-url[ =]\S", r"--default-index[ =]\S")
MACHINE_PATHS = (
    rf"{re.escape(str(ROOT))}/",
    r"/root/[.]?(cache|pyenv|config)\b",
    r"/home/(?!\$)[a-z][a-z0-9]*/(src|work|git|cloudpoint)\b",
)
FORBIDDEN = re.compile("|".join((*REGISTRIES, *OPTIONS, *MACHINE_PATHS)))


def problems() -> list[str]:
    """Every line with such an address."""
    found = []
    for path in repository_files():
        if (text := text_of(path)) is not None:
            found += problems_of(path, text)
    return found


def problems_of(path: Path, text: str) -> list[str]:
    """The problems of one file, given as its path and text."""
    if not FORBIDDEN.search(text):
        return []
    return [
        f"{path}:{number}: names a registry or a path of one machine: {match.group()}"
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := FORBIDDEN.search(line))
    ]
