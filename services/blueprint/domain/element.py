"""An element's folder as a version of the catalogue."""

from typing import Any

import msgspec

from services.blueprint.domain.files import Files, archive_of, digest_of
from services.blueprint.domain.parameters import parameter_findings
from services.blueprint.domain.yaml_document import read_yaml
from services.contracts.blueprint import ElementVersion, Finding

DOCUMENT = "element.yaml"
PLAYBOOKS = ("apply.yaml", "verify.yaml", "revert.yaml")


def element_of(files: Files) -> ElementVersion:
    """Return the element in ``files``, which are valid."""
    document: dict[str, Any] = read_yaml(files[DOCUMENT].decode()).value
    known = {field: document[field] for field in ElementVersion.__struct_fields__ if field in document}
    known["reversible"] = document["reversible"] is True
    return msgspec.convert({**known, "digest": digest_of(files)}, ElementVersion)


def element_findings(files: Files) -> list[Finding]:
    """Return what is wrong with an element whose document keeps its schema: its parameters, and playbooks it lacks."""
    absent = [name for name in PLAYBOOKS if name not in files]
    told = [
        Finding(file=name, line=None, message=f"There is no {name}.", hint="Every element has one.") for name in absent
    ]
    return [*told, *parameter_findings(DOCUMENT, read_yaml(files[DOCUMENT].decode()))]


def element_archive(name: str, files: Files, library: Files) -> bytes:
    """Return the archive that a run needs: the element's folder, and beside it the modules that all share."""
    own = {f"{name}/{path}": content for path, content in files.items()}
    return archive_of({**own, **{f"library/{path}": content for path, content in library.items()}})
