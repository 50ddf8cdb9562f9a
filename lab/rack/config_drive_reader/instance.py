"""Who the machine is: host name, keys, and which instance its disk was prepared for."""

import json
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .console import say

STATE = Path("/var/lib/config-drive")
HOST_KEY = Path("/etc/ssh/ssh_host_ed25519_key")
AUTHORIZED_KEYS = Path("/root/.ssh/authorized_keys")


def set_host_name(meta_data: dict[str, Any]) -> None:
    """Set and store the host name of `meta_data`: the short form, as cloud-init does; both forms go to /etc/hosts."""
    name = str(meta_data.get("hostname") or meta_data.get("name") or "localhost")
    if user_chosen := _state().get("hostname"):
        name = str(user_chosen)
    short = name.split(".")[0]
    socket.sethostname(short)
    Path("/etc/hostname").write_text(f"{short}\n")
    _names_in_hosts(dict.fromkeys([name, short]))
    say(f"host name {name}")


def choose_host_name(name: str) -> None:
    """The host name that user data asks for; it outlives reboots."""
    _store(hostname=name)
    set_host_name({"hostname": name})


def authorize_keys(meta_data: dict[str, Any]) -> None:
    """Let the public keys of `meta_data` log in as root."""
    public_keys = [str(key).strip() for key in (meta_data.get("public_keys") or {}).values()]
    add_keys(AUTHORIZED_KEYS, public_keys)
    say(f"{len(public_keys)} public key(s) for root")


def add_keys(path: Path, keys: list[str]) -> None:
    """Add `keys` to an authorized_keys file, which only its owner may read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = path.read_text().splitlines() if path.exists() else []
    path.write_text("".join(f"{key}\n" for key in dict.fromkeys([*known, *keys])))
    path.chmod(0o600)


def make_host_keys() -> None:
    """Make the instance's own SSH host key and show its fingerprint, for who wants to check it out of band."""
    for old in HOST_KEY.parent.glob("ssh_host_*"):
        old.unlink()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(HOST_KEY)], check=True)
    shown = subprocess.run(["ssh-keygen", "-lf", str(HOST_KEY)], capture_output=True, text=True, check=True)
    say(f"ssh host key {shown.stdout.split()[1]}")


def is_new(uuid: str) -> bool:
    """Whether the disk was not yet prepared for this instance."""
    return _state().get("instance") != uuid


def remember(uuid: str) -> None:
    """The disk is now prepared for the instance."""
    _store(instance=uuid)


def has_run_commands(uuid: str) -> bool:
    """Whether user data's commands were started for this instance."""
    return _state().get("commands") == uuid


def remember_commands(uuid: str) -> None:
    """User data's commands are started for this instance; they are never started again."""
    _store(commands=uuid)


def _names_in_hosts(names: Iterable[str]) -> None:
    hosts = Path("/etc/hosts")
    kept = [line for line in hosts.read_text().splitlines() if not line.startswith("127.0.1.1")]
    hosts.write_text("\n".join([*kept, f"127.0.1.1 {' '.join(names)}"]) + "\n")


def _state() -> dict[str, Any]:
    path = STATE / "state.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _store(**changes: str) -> None:
    STATE.mkdir(parents=True, exist_ok=True)
    fresh = STATE / "state.json.new"
    fresh.write_text(json.dumps({**_state(), **changes}))
    fresh.replace(STATE / "state.json")
