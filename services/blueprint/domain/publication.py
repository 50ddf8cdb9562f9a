"""From a folder's files to a version that can be published, or to everything that is wrong with them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec

from services.blueprint.domain import blueprint as blueprints
from services.blueprint.domain import element as elements
from services.blueprint.domain.files import Files, archive_of
from services.blueprint.domain.single import folder_around
from services.blueprint.domain.upload import MOST_FINDINGS, shown
from services.blueprint.domain.validation import validate_blueprint, validate_element
from services.contracts.blueprint import BlueprintVersion, ElementVersion, Finding

_MOST_CHARACTERS = 600


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a folder: findings, or a version, the archive that runs need, and the folder as an archive."""

    findings: list[Finding] = []
    blueprint: BlueprintVersion | None = None
    element: ElementVersion | None = None
    archive: bytes = b""
    folder: bytes = b""


def refused(findings: Iterable[Finding]) -> Checked:
    """Return the first hundred findings, each no longer than a person reads."""
    found = list(islice(findings, MOST_FINDINGS + 1))
    if len(found) > MOST_FINDINGS:
        more = f"There are more than {MOST_FINDINGS} errors: mend these first."
        found[MOST_FINDINGS:] = [Finding(file="", line=None, message=more)]
    return Checked(findings=[_short(item) for item in found])


def check_blueprint(files: Files, schema: dict[str, Any], known: blueprints.Elements) -> Checked:
    """Return what came of a blueprint's folder; its version still lacks id and owner."""
    findings = list(islice(validate_blueprint(files, schema, known), MOST_FINDINGS + 1))
    if findings:
        return refused(findings)
    version = blueprints.blueprint_of(files, known, "", datetime.now(UTC))
    archive = blueprints.checks_archive(files, version.checks)
    return Checked(blueprint=version, archive=archive, folder=archive_of(files))


def check_single(
    files: Files, schema: dict[str, Any], known: blueprints.Elements, name: str | None, version: str | None
) -> Checked:
    """Return what came of a single template; its findings are all of the file that was sent. Raises UploadRefused."""
    (path,) = files
    checked = check_blueprint(folder_around(files, name, version), schema, known)
    if not checked.findings:
        return checked
    return refused(
        Finding(file=path, line=None, message=f"{item.file}, as it is made of this: {item.message}", hint=item.hint)
        for item in checked.findings
    )


def check_element(files: Files, schema: dict[str, Any], library: Files, *, digest_covers_library: bool) -> Checked:
    """Return what came of an element's folder, whose runs get the ``library`` beside it."""
    findings = list(islice(validate_element(files, schema), MOST_FINDINGS + 1))
    if findings:
        return refused(findings)
    version = elements.element_of({**files, **elements.beside(library)} if digest_covers_library else files)
    archive = elements.element_archive(version.name, files, library)
    return Checked(element=version, archive=archive, folder=archive_of(files))


def _short(item: Finding) -> Finding:
    message, hint = (_cut(text) if text else None for text in (item.message, item.hint))
    return Finding(file=shown(item.file), line=item.line, message=message or "", hint=hint)


def _cut(text: str) -> str:
    plain = text.encode(errors="backslashreplace").decode().replace("\0", "\\0")
    return plain if len(plain) <= _MOST_CHARACTERS else f"{plain[:_MOST_CHARACTERS]}…"
