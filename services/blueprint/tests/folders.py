"""Folders of blueprints and elements as texts, and as the archives that a customer sends."""

import gzip
import io
import tarfile
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_PLAY = "- name: {phase}\n  hosts: '{{{{ element_hosts }}}}'\n  gather_facts: false\n  tasks: []\n"
_ELEMENT = """\
schema: cloudpoint.io/element/v1
name: {name}
version: {version}
summary: It says hello.
provides: [{name}]
requires: []
conflicts: []
parameters: {{type: object, properties: {{}}, additionalProperties: false}}
secrets: []
timeout_seconds: 60
reversible: true
"""


def texts_below(folder: Path) -> dict[str, str]:
    """Return the text of each file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def blueprint_texts(name: str, version: str = "1.0.0", *, element: str | None = None, **more: str) -> dict[str, str]:
    """Return a small valid blueprint, with one more element if it is named; ``more`` are files by their path."""
    infrastructure = texts_below(_ROOT / "blueprints/slurm/infrastructure")
    document = (_ROOT / "tests/e2e/small/blueprint.yaml").read_text()
    document = document.replace("name: small", f"name: {name}").replace(
        "version: 1.0.0\nsummary", f"version: {version}\nsummary"
    )
    if element:
        place = "elements:\n"
        use = f'  - {{element: {element}, version: ">=1.0.0 <2.0.0", roles: [head, compute]}}\n'
        document = document.replace(place, place + use)
    return {
        "blueprint.yaml": document,
        **{f"infrastructure/{path}": text for path, text in infrastructure.items()},
        **more,
    }


def element_texts(name: str, version: str = "1.0.0", **more: str) -> dict[str, str]:
    """Return a small valid element; ``more`` are files by their path."""
    plays = {f"{phase}.yaml": _PLAY.format(phase=phase) for phase in ("apply", "verify", "revert")}
    return {"element.yaml": _ELEMENT.format(name=name, version=version), **plays, **more}


def packed(texts: dict[str, str], *, around: str = "", zipped: bool = True) -> bytes:
    """Return texts as a tar archive, in a folder ``around`` them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, text in texts.items():
            entry = tarfile.TarInfo(f"{around}{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(buffer.getvalue()) if zipped else buffer.getvalue()
