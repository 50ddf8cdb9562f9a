"""What is committed and made from code: the OpenAPI documents of both listeners, and the page of permissions.

python -m tests.checks.generated --write    write all of it anew
"""

import contextlib
import importlib
import io
import sys
import tempfile
from pathlib import Path

from lab.launcher import service_files
from services.contracts.permissions import EVERYBODY, PERMISSIONS, ROLES, Permission
from tests.checks.sources import ROOT

DOCUMENTS = Path("docs/api")


def problems() -> list[str]:
    """Every committed file that is not what the code says, or is missing."""
    with tempfile.TemporaryDirectory(prefix="cloudpoint-generated-") as folder:
        write(Path(folder))
        return [
            f"{DOCUMENTS / made.name} is not what the code says; run `make generate` and commit it"
            for made in sorted(Path(folder).iterdir())
            if not _same(made, ROOT / DOCUMENTS / made.name)
        ]


def write(into: Path) -> None:
    """Generate everything into a folder."""
    into.mkdir(parents=True, exist_ok=True)
    (into / "permissions.md").write_text(permissions_page())
    if (ROOT / "services/gateway/__main__.py").exists():
        _compose(into)


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


def _same(made: Path, committed: Path) -> bool:
    return committed.exists() and committed.read_bytes() == made.read_bytes()


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    write(ROOT / DOCUMENTS)
