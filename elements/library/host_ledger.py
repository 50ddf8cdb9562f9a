#!/usr/bin/python3
"""Ansible module: install what an element needs, remember what was there before, and give exactly that back.

The ledger is one file a host and element, `/var/lib/cloudpoint/elements/<element>.json`. `state: present` writes into
it, before anything changes, how each listed path, account and unit looked, and after installing, which packages,
users and groups came with the packages. `state: absent` puts all of it back and removes the file, so that a second
revert finds no ledger and changes nothing.

It calls dpkg for removal because dpkg refuses to remove what something else still depends on, where apt would
remove that as well.
"""

import base64
import grp
import json
import os
import pathlib
import pwd
import shutil
import stat
import subprocess
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible.module_utils.basic import AnsibleModule

LEDGERS = pathlib.Path("/var/lib/cloudpoint/elements")
POLICY = pathlib.Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = "#!/bin/sh\n# cloudpoint: a server starts once it is configured, not when it is unpacked\nexit 101\n"
APT_LISTS = pathlib.Path("/var/lib/apt/lists")
APT_LISTS_MAX_AGE_SECONDS = 7 * 24 * 3600
LARGEST_REMEMBERED_BYTES = 1024 * 1024
APT_DEADLINE_SECONDS = 1200
COMMAND_DEADLINE_SECONDS = 120

DOCUMENTATION = r"""
module: host_ledger
short_description: Install packages and remember or give back a host's earlier state
options:
  element: {description: Name of the element, required: true, type: str}
  state: {description: Take note and install (present) or give back (absent), choices: [present, absent], type: str}
  packages: {description: Debian packages the element needs, type: list, elements: str}
  paths: {description: Files and folders the element writes, or packages leave behind, type: list, elements: str}
  users: {description: Accounts the element makes, type: list, elements: str}
  units: {description: Units the element starts or enables, type: list, elements: str}
  reload: {description: Units to reload after the paths are given back, type: list, elements: str}
"""


class LedgerError(Exception):
    """A sentence for the person who reads the failed task."""


@dataclass
class Ledger:
    """What has to be given back. `installing` holds the packages from before an install that has not ended."""

    packages: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    paths: dict[str, dict[str, Any]] = field(default_factory=dict)
    units: dict[str, dict[str, bool]] = field(default_factory=dict)
    reload: list[str] = field(default_factory=list)
    installing: dict[str, list[str]] | None = None


def run(*command: str, deadline_seconds: int = COMMAND_DEADLINE_SECONDS, check: bool = True) -> str:
    """Run a command and return what it printed; raise LedgerError with the end of its output if it fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=deadline_seconds, check=False, env=environment
    )
    if check and done.returncode != 0:
        tail = (done.stdout + done.stderr)[-1500:]
        raise LedgerError(f"{' '.join(command[:3])} ended with {done.returncode}: {tail}")
    return done.stdout


def ledger_path(element: str) -> pathlib.Path:
    return LEDGERS / f"{element}.json"


def read_ledger(element: str) -> Ledger | None:
    try:
        return Ledger(**json.loads(ledger_path(element).read_text()))
    except FileNotFoundError:
        return None


def write_ledger(element: str, ledger: Ledger) -> None:
    """Replace the file at once: it must be whole even if the machine loses power, since it is all a revert knows."""
    LEDGERS.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = ledger_path(element).with_suffix(".draft")
    draft.touch(mode=0o600)
    with draft.open("w") as handle:
        json.dump(asdict(ledger), handle)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(ledger_path(element))


# What a path, an account and a unit looked like


def first_missing(path: pathlib.Path) -> pathlib.Path:
    """The topmost folder above `path` that does not exist yet, or `path` itself."""
    missing = path
    while not os.path.lexists(missing.parent):
        missing = missing.parent
    return missing


def look_at(path: pathlib.Path) -> dict[str, Any]:
    """Describe a path so that give_back_path can restore it. A folder's contents are not remembered."""
    if not os.path.lexists(path):
        return {"kind": "absent"}
    found = path.lstat()
    owner = {"uid": found.st_uid, "gid": found.st_gid, "mode": stat.S_IMODE(found.st_mode)}
    if stat.S_ISLNK(found.st_mode):
        return {"kind": "link", "target": str(path.readlink())}
    if stat.S_ISDIR(found.st_mode):
        return {"kind": "folder", **owner}
    if found.st_size > LARGEST_REMEMBERED_BYTES:
        raise LedgerError(f"{path} has {found.st_size} bytes, too many to remember; an element must not rewrite it")
    return {"kind": "file", "content": base64.b64encode(path.read_bytes()).decode(), **owner}


def is_remembered(ledger: Ledger, name: str) -> bool:
    """True if the path is in the ledger, or lies in a folder that will be removed as a whole."""
    parents = (str(parent) for parent in pathlib.Path(name).parents)
    return name in ledger.paths or any(ledger.paths.get(parent) == {"kind": "absent"} for parent in parents)


def remember_paths(ledger: Ledger, paths: list[str]) -> None:
    for name in paths:
        if not is_remembered(ledger, name):
            path = first_missing(pathlib.Path(name))
            ledger.paths[str(path)] = look_at(path)


def remember_users(ledger: Ledger, users: list[str]) -> None:
    existing = set(user_names())
    ledger.users += [name for name in users if name not in existing and name not in ledger.users]


def remember_units(ledger: Ledger, units: list[str]) -> None:
    for unit in units:
        if unit not in ledger.units:
            enabled = run("systemctl", "is-enabled", unit, check=False).strip() == "enabled"
            active = run("systemctl", "is-active", unit, check=False).strip() == "active"
            ledger.units[unit] = {"enabled": enabled, "active": active}


def user_names() -> list[str]:
    return [entry.pw_name for entry in pwd.getpwall()]


def group_names() -> list[str]:
    return [entry.gr_name for entry in grp.getgrall()]


def known_packages() -> dict[str, bool]:
    """Each package that dpkg knows (also one removed but for its configuration) and whether it is installed."""
    listing = run("dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${binary:Package}\n")
    return {name: state == "ii" for state, name in (line.split() for line in listing.splitlines())}


# Installing


def lists_are_old() -> bool:
    """The files in the folder carry the mirror's dates; only the folder says when this host last fetched them."""
    fetched = APT_LISTS.stat().st_mtime if any(APT_LISTS.glob("*Release")) else 0.0
    return time.time() - fetched > APT_LISTS_MAX_AGE_SECONDS


def fetch_lists() -> None:
    run("apt-get", "update", "-q", deadline_seconds=APT_DEADLINE_SECONDS)
    os.utime(APT_LISTS)


def apt_install(packages: list[str]) -> None:
    """Install without recommendations. Syncs once at the end instead of after each file, which is what dpkg does."""
    quick = ["-o", "Dpkg::Options::=--force-unsafe-io", "-o", "Dpkg::Options::=--force-confold"]
    calm = ["-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0", "--no-install-recommends"]
    command = ["apt-get", "install", "-y", "-q", *quick, *calm, *packages]
    if lists_are_old():
        fetch_lists()
    try:
        run(*command, deadline_seconds=APT_DEADLINE_SECONDS)
    except LedgerError:  # the lists may name versions that the mirror no longer has
        fetch_lists()
        run(*command, deadline_seconds=APT_DEADLINE_SECONDS)
    os.sync()


def note_what_came(ledger: Ledger) -> None:
    """Close an install, ended or cut short: whatever was not there before it is ours to give back."""
    before = ledger.installing
    if before is None:
        return
    ledger.packages += [name for name in known_packages() if name not in before["packages"]]
    ledger.users += [name for name in user_names() if name not in before["users"] and name not in ledger.users]
    ledger.groups += [name for name in group_names() if name not in before["groups"]]
    ledger.installing = None


def install(element: str, ledger: Ledger, packages: list[str]) -> bool:
    """Install what is missing, servers not started. True if anything was."""
    known = known_packages()
    installed = {name.partition(":")[0] for name, whole in known.items() if whole}
    missing = [name for name in packages if name not in installed]
    if not missing:
        return False
    ledger.installing = {"packages": list(known), "users": user_names(), "groups": group_names()}
    write_ledger(element, ledger)
    foreign_policy = POLICY.exists() and POLICY.read_text() != POLICY_TEXT
    if not foreign_policy:
        POLICY.write_text(POLICY_TEXT)
        POLICY.chmod(0o755)
    try:
        apt_install(missing)
    finally:
        if not foreign_policy:
            POLICY.unlink()
        note_what_came(ledger)
        write_ledger(element, ledger)
    return True


def take_note(element: str, asked: dict[str, Any]) -> bool:
    """state: present. True if the ledger grew or a package was installed."""
    ledger = read_ledger(element) or Ledger()
    earlier = json.dumps(asdict(ledger))
    note_what_came(ledger)
    remember_paths(ledger, asked["paths"])
    remember_users(ledger, asked["users"])
    remember_units(ledger, asked["units"])
    ledger.reload += [unit for unit in asked["reload"] if unit not in ledger.reload]
    grew = json.dumps(asdict(ledger)) != earlier or not ledger_path(element).exists()
    if grew:
        write_ledger(element, ledger)
    return install(element, ledger, asked["packages"]) or grew


# Giving back


def give_back_units(ledger: Ledger) -> None:
    for unit, before in reversed(ledger.units.items()):
        if not before["active"]:
            run("systemctl", "stop", unit, check=False)
        if not before["enabled"]:
            run("systemctl", "disable", unit, check=False)
        run("systemctl", "reset-failed", unit, check=False)


def give_back_packages(ledger: Ledger) -> None:
    present = [name for name in ledger.packages if name in known_packages()]
    if present:
        run("dpkg", "--force-unsafe-io", "--purge", *present, deadline_seconds=APT_DEADLINE_SECONDS)
        os.sync()


def give_back_accounts(ledger: Ledger) -> None:
    for name in set(ledger.users) & set(user_names()):
        run("pkill", "-KILL", "-u", name, check=False)
        run("userdel", "--force", name)
    for name in set(ledger.groups) & set(group_names()):
        run("groupdel", name)


def remove(path: pathlib.Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def give_back_path(path: pathlib.Path, before: dict[str, Any]) -> None:
    if look_at(path) == before:
        return
    if before["kind"] == "absent":
        remove(path)
        return
    if before["kind"] == "link":
        remove(path)
        path.symlink_to(before["target"])
        return
    if before["kind"] == "folder":
        path.mkdir(exist_ok=True)
    else:
        path.write_bytes(base64.b64decode(before["content"]))
    os.chown(path, before["uid"], before["gid"])
    path.chmod(before["mode"])


def give_back(element: str) -> bool:
    """state: absent. False if there is nothing to give back."""
    ledger = read_ledger(element)
    if ledger is None:
        return False
    note_what_came(ledger)
    give_back_units(ledger)
    give_back_packages(ledger)
    give_back_accounts(ledger)
    for path in sorted(ledger.paths, reverse=True):
        give_back_path(pathlib.Path(path), ledger.paths[path])
    run("systemctl", "daemon-reload")
    for unit in ledger.reload:
        run("systemctl", "try-reload-or-restart", unit)
    ledger_path(element).unlink()
    for folder in (LEDGERS, LEDGERS.parent):
        if not any(folder.iterdir()):
            folder.rmdir()
    return True


def main() -> None:
    listed = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        argument_spec={
            "element": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            **dict.fromkeys(("packages", "paths", "users", "units", "reload"), listed),
        }
    )
    element = module.params["element"]
    try:
        changed = take_note(element, module.params) if module.params["state"] == "present" else give_back(element)
    except (LedgerError, OSError, subprocess.TimeoutExpired) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()
