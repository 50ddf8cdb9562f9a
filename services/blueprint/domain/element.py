"""An element's folder as a version of the catalogue."""

from typing import Any

import msgspec

from services.blueprint.domain.files import Files, archive_of, digest_of
from services.blueprint.domain.yaml_document import read_yaml
from services.contracts.blueprint import ElementVersion

DOCUMENT = "element.yaml"
PLAYBOOKS = ("apply.yaml", "verify.yaml", "revert.yaml")
LIBRARY = "library"
"""The folder of Ansible modules that elements share; it lies beside them in archives."""


def element_of(files: Files) -> ElementVersion:
    """Return the element in ``files``, which are valid."""
    document: dict[str, Any] = read_yaml(files[DOCUMENT].decode()).value
    known = {field: document[field] for field in ElementVersion.__struct_fields__ if field in document}
    known["reversible"] = document["reversible"] is True
    return msgspec.convert({**known, "digest": digest_of(files)}, ElementVersion)


def beside(library: Files) -> Files:
    """Return the shared modules by their paths as an element sees them; an element's digest covers them."""
    return {f"../{LIBRARY}/{path}": content for path, content in library.items()}


def element_archive(name: str, files: Files, library: Files) -> bytes:
    """Return the archive that a run needs: the element's folder, and beside it the modules that all share."""
    own = {f"{name}/{path}": content for path, content in files.items()}
    return archive_of({**own, **{f"{LIBRARY}/{path}": content for path, content in library.items()}})
