"""What is committed and made from code.

The OpenAPI documents of both listeners, the client's types made from them, the pages of permissions and of the command.

python -m tests.checks.generated --write    write all of it anew
"""

import contextlib
import importlib
import io
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.launcher import service_files
from services.contracts.permissions import EVERYBODY, PERMISSIONS, ROLES, Permission
from tests.checks.command_page import command_page
from tests.checks.sources import ROOT

DOCUMENTS = Path("docs/api")
CLIENT_TYPES = Path("clients/cli/cloudpoint/generated/types.py")
COMMAND_PAGE = Path("docs/user/commands.md")
TYPES_DEADLINE_SECONDS = 120
_TYPES_OPTIONS = (
    *("--input-file-type", "openapi", "--output-model-type", "msgspec.Struct", "--target-python-version", "3.11"),
    *("--base-class", "cloudpoint.sdk.answer.Answer", "--keyword-only", "--use-standard-collections"),
    *("--use-union-operator", "--use-schema-description", "--output-datetime-class", "datetime"),
    *("--enum-field-as-literal", "all", "--disable-timestamp", "--formatters", "builtin", "--custom-file-header"),
    '"""Bodies of the API, generated from docs/api/operator.json: make generate."""',
)


def problems() -> list[str]:
    """Every committed file that is not what the code says, or is missing."""
    with tempfile.TemporaryDirectory(prefix="cloudpoint-generated-") as folder:
        root = Path(folder)
        write(root)
        return [
            f"{path} is not what the code says; run `make generate` and commit it"
            for path in sorted(made.relative_to(root) for made in root.rglob("*") if made.is_file())
            if not _same(root / path, ROOT / path)
        ]


def write(root: Path) -> None:
    """Generate everything, each file at its place below ``root``."""
    for path in (DOCUMENTS, CLIENT_TYPES.parent, COMMAND_PAGE.parent):
        (root / path).mkdir(parents=True, exist_ok=True)
    (root / DOCUMENTS / "permissions.md").write_text(permissions_page())
    (root / COMMAND_PAGE).write_text(command_page())
    _compose(root / DOCUMENTS)
    _write_client_types(root / DOCUMENTS / "operator.json", root / CLIENT_TYPES)


def permissions_page() -> str:
    """The dictionary of permissions and the roles that hold them, as tables."""
    roles = [
        f"| `{name}` | {'everywhere' if r.platform else 'a project'} | {r.sentence} |" for name, r in ROLES.items()
    ]
    rows = [
        f"| `{name}` | {one.service} | {one.sentence} | {_holders(name, one)} |"
        for name, one in sorted(PERMISSIONS.items())
    ]
    return "\n".join(
        [
            *("# Roles and permissions", "", "| role | holds on | |", "|---|---|---|", *roles, ""),
            *("| permission | service | allows | held by |", "|---|---|---|---|", *rows, ""),
        ]
    )


def _holders(name: str, permission: Permission) -> str:
    if permission.inside:
        return "an operation's mandate"
    if name in EVERYBODY:
        return "everybody who is logged in"
    return ", ".join(role for role, one in ROLES.items() if name in one.permissions)


def _compose(into: Path) -> None:
    """Have each service print its document, and the gateway make one of all for each of its listeners."""
    with tempfile.TemporaryDirectory(prefix="cloudpoint-openapi-") as folder:
        printed = [_printed(name, Path(folder)) for name in service_files.present()]
        _command("gateway", ["compose", "--into", str(into), *map(str, printed)])


def _printed(service: str, folder: Path) -> Path:
    path = folder / f"{service}.json"
    path.write_text(_command(service, ["openapi"]))
    return path


def _command(service: str, arguments: list[str]) -> str:
    """Run a command of a service in this process; returns what it printed. Raises RuntimeError where it fails."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = importlib.import_module(f"services.{service}.__main__").main(arguments)
    if code:
        raise RuntimeError(f"python -m services.{service} {arguments[0]} ended with {code}")
    return output.getvalue()


def _write_client_types(document: Path, into: Path) -> None:
    """Write the structs of all bodies in a document. Raises CalledProcessError."""
    generator = Path(sys.executable).parent / "datamodel-codegen"
    command = [str(generator), "--input", str(document), "--output", str(into), *_TYPES_OPTIONS]
    subprocess.run(command, check=True, timeout=TYPES_DEADLINE_SECONDS)


def _same(made: Path, committed: Path) -> bool:
    return committed.exists() and committed.read_bytes() == made.read_bytes()


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    write(ROOT)
