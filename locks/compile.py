#!/usr/bin/env python3
"""Compile one hash-pinned lock for each dependency group of pyproject.toml, or check that the locks are current.

    python locks/compile.py              write locks/<group>.txt; versions already locked stay
    python locks/compile.py --upgrade    the same, with the newest versions that the groups allow
    python locks/compile.py --check      no network: fail where a group changed after its lock was written

A lock's first line records a hash of what it was made from, which is what --check compares.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

LOCKS = Path(__file__).resolve().parent
PROJECT = LOCKS.parent / "pyproject.toml"
# The widest group, compiled first: the others are constrained by it, so that a version is the same everywhere.
WIDEST = "check"
# Groups that live in an environment of their own and agree with nobody about versions.
APART = ("ansible", "setup", "openstack")
# Versions that a group apart is held to, where somebody else has tested them together.
CONSTRAINTS = {"openstack": LOCKS.parent / "lab" / "openstack" / "constraints.txt"}
HEADER = "# inputs sha256:"
COMPILE_DEADLINE_S = 300


def groups() -> dict[str, list[str]]:
    """Each dependency group with the groups that it includes written out, sorted."""
    declared = tomllib.loads(PROJECT.read_text())["dependency-groups"]

    def expand(name: str) -> set[str]:
        found: set[str] = set()
        for entry in declared[name]:
            found |= {entry} if isinstance(entry, str) else expand(entry["include-group"])
        return found

    return {name: sorted(expand(name)) for name in declared}


def inputs_hash(group: str, requirements: list[str]) -> str:
    """The hash of a group's requirements and constraints and of the Python versions that the project allows."""
    python = tomllib.loads(PROJECT.read_text())["project"]["requires-python"]
    constraints = [CONSTRAINTS[group].read_text()] if group in CONSTRAINTS else []
    return hashlib.sha256(json.dumps([python, requirements, *constraints]).encode()).hexdigest()


def lock_of(group: str) -> Path:
    """Where the lock of a group is kept."""
    return LOCKS / f"{group}.txt"


def stale() -> list[str]:
    """The groups whose lock is missing or was made from other requirements."""
    return [
        group
        for group, requirements in groups().items()
        if not lock_of(group).exists()
        or lock_of(group).read_text().splitlines()[0] != HEADER + inputs_hash(group, requirements)
    ]


def write(group: str, requirements: list[str], upgrade: bool) -> None:
    """Compile one group by uv and put the hash of its inputs in front. Raises CalledProcessError."""
    lock = lock_of(group)
    command = ["uv", "pip", "compile", "--quiet", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-emit-index-url", "--no-header", "--no-annotate", "--group", f"{PROJECT}:{group}"]
    if group != WIDEST and group not in APART:
        command += ["--constraint", str(lock_of(WIDEST))]
    if group in CONSTRAINTS:
        command += ["--constraint", str(CONSTRAINTS[group])]
    if upgrade:
        command.append("--upgrade")
    subprocess.run(
        [*command, "--output-file", str(lock)], check=True, stdout=subprocess.DEVNULL, timeout=COMPILE_DEADLINE_S
    )
    lock.write_text(f"{HEADER}{inputs_hash(group, requirements)}\n{lock.read_text()}")
    print(f"locks/{lock.name}: {sum('==' in line for line in lock.read_text().splitlines())} packages")


def main() -> int:
    """Compile or check, as asked; 1 when a lock is not current."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--upgrade", action="store_true")
    arguments = parser.parse_args()
    if arguments.check:
        behind = stale()
        for group in behind:
            print(f"locks/{group}.txt is not what pyproject.toml asks for; run `make locks`")
        return 1 if behind else 0
    for group, requirements in sorted(groups().items(), key=lambda item: item[0] != WIDEST):
        write(group, requirements, arguments.upgrade)
    return 0


if __name__ == "__main__":
    sys.exit(main())
