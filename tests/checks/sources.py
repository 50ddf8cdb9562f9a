"""The files that checks look at."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def python_files(*folders: str) -> Iterator[Path]:
    """Every Python file below the folders, as paths relative to the repository."""
    for folder in folders:
        yield from sorted(path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py"))


def repository_files() -> list[Path]:
    """Every file that is or would be committed, relative to the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout
    return [path for name in listed.split("\0") if name and (ROOT / (path := Path(name))).is_file()]


def text_of(path: Path) -> str | None:
    """The text of a file, or None where it is not text."""
    try:
        return (ROOT / path).read_text()
    except UnicodeDecodeError:
        return None
