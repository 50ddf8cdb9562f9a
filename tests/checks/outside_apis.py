"""Each outside API is called from one service: who may import its client, and who may use which part of it."""

import ast
from pathlib import Path

from tests.checks.sources import ROOT, python_files

# Module of a client (with all below it) -> the folders that may import it; none: nobody.
OWNERS: dict[str, tuple[str, ...]] = {
    "heatclient": ("services/cluster/adapters/heat",),
    "keystoneauth1": (
        "services/chassis/cloud",
        "services/cluster/adapters",
        "services/identity/adapters",
        "services/node/adapters",
    ),
    "keystoneclient": ("services/identity/adapters",),
    "ironicclient": ("services/node/adapters",),
    "openstack": ("services/cluster/adapters", "services/identity/adapters", "services/node/adapters"),
    "ansible": (),
    "ansible_runner": (),
    "mitogen": (),
    "hvac": ("services/secrets/adapters",),
    "pynetbox": ("services/netbox/adapters",),
    "kubernetes": ("services/runner/adapters", "services/authz/adapters"),
}
# Part of openstacksdk, as a module and as an attribute of its connection -> the one service that may use it.
PARTS = {
    "baremetal": "services/node",
    "identity": "services/identity",
    "compute": "services/cluster",
    "network": "services/cluster",
    "image": "services/cluster",
    "orchestration": "services/cluster",
    "placement": "services/cluster",
}


def problems() -> list[str]:
    """Every use of an outside API by somebody who does not own it."""
    found = []
    for path in python_files("services"):
        if "tests" not in path.parts:
            found += problems_of(path, (ROOT / path).read_text())
    return found


def problems_of(path: Path, source: str) -> list[str]:
    """The problems of one file, given as its path and text."""
    tree = ast.parse(source)
    imports = _imports(tree)
    found = [
        f"{path}:{line}: {name} may be imported only in {', '.join(owners) or 'no service'}"
        for line, name in imports
        for module, owners in OWNERS.items()
        if (name == module or name.startswith(f"{module}.")) and not _below(path, owners)
    ]
    if any(name.partition(".")[0] == "openstack" for _, name in imports):
        found += [
            f"{path}:{line}: OpenStack's {part} is called from {PARTS[part]} alone"
            for line, part in _parts(tree)
            if not _below(path, (PARTS[part],))
        ]
    return found


def _below(path: Path, folders: tuple[str, ...]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _imports(tree: ast.AST) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def _parts(tree: ast.AST) -> list[tuple[int, str]]:
    """Calls like ``connection.baremetal.nodes()``: line and part."""
    return [
        (node.lineno, node.func.value.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Attribute)
        and node.func.value.attr in PARTS
    ]
