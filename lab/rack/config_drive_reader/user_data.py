"""The owner's own part of the drive: scripts (`#!`), a subset of `#cloud-config`, or a MIME multipart text of such.

Of cloud-config: `hostname`, `ssh_authorized_keys`, `users` (name, ssh_authorized_keys, shell, sudo, groups),
`write_files` (path, content, encoding, owner, permissions, append), `runcmd`. Anything else is named on the console
and left out. Of a multipart text each part is read as if it were alone; a later cloud-config's keys replace those of an
earlier one, or its lists are put behind them where its header Merge-Type has list(append). Key names and meaning:
https://cloudinit.readthedocs.io/en/latest/reference/modules.html, /explanation/format.html, /reference/merging.html.
"""

import base64
import email
import gzip
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import instance
from .console import say

SCRIPT = Path("/var/lib/config-drive/user-script")
UNDERSTOOD = ("hostname", "ssh_authorized_keys", "users", "write_files", "runcmd")


def parse(content: bytes) -> dict[str, Any]:
    """User data as cloud-config keys; scripts become the key `scripts`. Raises nothing: what it is not is said."""
    if content.startswith(b"Content-Type: multipart/"):
        return _multipart(content)
    if content.startswith(b"#!"):
        return {"scripts": [content]}
    if content.startswith(b"#cloud-config"):
        return _cloud_config(content)
    if content.strip():
        say("user data is neither a script nor #cloud-config: left out")
    return {}


def _multipart(content: bytes) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in email.message_from_bytes(content).walk():
        if part.is_multipart():
            continue
        payload = part.get_payload(decode=True)
        found = parse(payload.lstrip() if isinstance(payload, bytes) else b"")
        append = "list(append)" in str(part.get("Merge-Type") or part.get("X-Merge-Type") or "")
        for key, value in found.items():
            before = merged.get(key)
            both = isinstance(before, list) and isinstance(value, list) and (append or key == "scripts")
            merged[key] = [*before, *value] if both and before else value
    return merged


def _cloud_config(content: bytes) -> dict[str, Any]:
    import yaml  # costs 40 ms, so only a machine with a cloud-config pays for it

    try:
        config = yaml.safe_load(content) or {}
    except yaml.YAMLError as error:
        say(f"user data is not YAML: {' '.join(str(error).split())}")
        return {}
    if not isinstance(config, dict):
        say("user data is no mapping: left out")
        return {}
    return config


def apply_files(config: dict[str, Any]) -> None:
    """All that must be there before sshd: names, keys, users, files. One bad entry does not stop the others."""
    for key in config:
        if key not in (*UNDERSTOOD, "scripts"):
            say(f"user data: {key} is not understood here, left out")
    if "hostname" in config:
        instance.choose_host_name(str(config["hostname"]))
    instance.add_keys(instance.AUTHORIZED_KEYS, [str(key) for key in config.get("ssh_authorized_keys") or []])
    _each("users", config, _make_user)
    _each("write_files", config, _write_file)


def _each(key: str, config: dict[str, Any], apply: Callable[[Any], None]) -> None:
    for number, entry in enumerate(config.get(key) or []):
        try:
            apply(entry)
        except (KeyError, TypeError, ValueError, AttributeError, OSError, subprocess.CalledProcessError) as error:
            say(f"user data: {key}[{number}] failed: {error!r}")


def _make_user(entry: Any) -> None:
    if entry == "default":
        return
    name = str(entry["name"])
    groups = entry.get("groups") or []
    listed = groups if isinstance(groups, str) else ",".join(groups)
    extra = ["-G", listed] if listed else []
    subprocess.run(["useradd", "-m", "-s", str(entry.get("shell", "/bin/bash")), *extra, name], check=True)
    home = Path("/home", name)
    instance.add_keys(home / ".ssh/authorized_keys", [str(key) for key in entry.get("ssh_authorized_keys") or []])
    for path in (home / ".ssh", home / ".ssh/authorized_keys"):
        shutil.chown(path, name, name)
    if entry.get("sudo"):
        rules = entry["sudo"] if isinstance(entry["sudo"], list) else [entry["sudo"]]
        Path("/etc/sudoers.d", name).write_text("".join(f"{name} {rule}\n" for rule in rules))


def _write_file(entry: dict[str, Any]) -> None:
    path = Path(str(entry["path"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = "ab" if entry.get("append") else "wb"
    with path.open(mode) as file:
        file.write(_content(entry))
    path.chmod(int(str(entry.get("permissions", "0644")), 8))
    user, _, group = str(entry.get("owner", "root:root")).partition(":")
    shutil.chown(path, user, group or user)
    say(f"wrote {path}")


def _content(entry: dict[str, Any]) -> bytes:
    content = entry.get("content", "")
    raw = content if isinstance(content, bytes) else str(content).encode()
    encoding = str(entry.get("encoding", "")).lower()
    if encoding in ("b64", "base64", "gz+b64", "gz+base64", "gzip+base64"):
        raw = base64.b64decode(raw)
    return gzip.decompress(raw) if encoding.startswith("gz") else raw


def run_commands(config: dict[str, Any]) -> None:
    """Run scripts and `runcmd`, one after another; output goes to the journal, how each ended to the console."""
    for script in config.get("scripts") or []:
        SCRIPT.parent.mkdir(parents=True, exist_ok=True)
        SCRIPT.write_bytes(script)
        SCRIPT.chmod(0o700)
        _run([str(SCRIPT)])
    for command in config.get("runcmd") or []:
        _run(["/bin/sh", "-c", command] if isinstance(command, str) else [str(word) for word in command])


def _run(command: list[str]) -> None:
    try:
        ended = subprocess.run(command, env={**os.environ, "HOME": "/root"}, stdin=subprocess.DEVNULL, check=False)
    except OSError as error:
        say(f"user command {shlex.join(command)!r}: {error}")
        return
    say(f"user command {shlex.join(command)!r} ended with {ended.returncode}")
