"""What it takes to make machines without root; each thing that is missing as a sentence with what to do."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from lab.privileges import control_groups
from lab.privileges.identity import user_name

# A machine's users are 0 to 65534 (nobody). unshare's --map-auto leaves an id for each, also for 0, who is ourselves.
WANTED_IDS = 65535
_TRIAL_DEADLINE_S = 10
_SYSTEMD = Path("/run/systemd/system")
DELEGATE = "systemd-run --user --scope -p Delegate=yes"


def missing(state: Path) -> list[str]:
    """All that stands in the way of working without root; nothing if it goes."""
    return [
        *_programs(),
        *_subordinate_ids(Path("/etc/subuid"), "user"),
        *_subordinate_ids(Path("/etc/subgid"), "group"),
        *_user_namespaces(),
        *_control_group(),
        *_state_of_root(state),
    ]


def shortcomings(device: Path = Path("/dev/fuse")) -> Iterator[str]:
    """Say what machines will lack that this process makes: they have the host's devices, with their permissions."""
    if not os.access(device, os.R_OK | os.W_OK):
        what = "may be opened by root only" if device.exists() else "is not there"
        yield f"{device} {what}: no cluster with a shared home. As root: modprobe fuse; chmod 666 {device}"


def _programs() -> Iterator[str]:
    if not (shutil.which("newuidmap") and shutil.which("newgidmap")):
        yield "newuidmap and newgidmap are not installed. As root: apt-get install uidmap"


def _subordinate_ids(path: Path, kind: str) -> Iterator[str]:
    """The first entry counts (subuid(5)), as for unshare's --map-auto. With one id alone sshd drops every log-in."""
    name = user_name(os.geteuid())
    count = _first_count(path, {name, str(os.geteuid())})
    if count < WANTED_IDS:
        what = f"only {count} subordinate {kind} ids" if count else f"no subordinate {kind} ids"
        yield (
            f"User {name} has {what} in {path}; machines have {WANTED_IDS} {kind}s, and with too few of them sshd "
            "drops every log-in. As root, with numbers that nobody has: "
            f"usermod --add-sub{kind[0]}ids 100000-165535 {name}"
        )


def _first_count(path: Path, names: set[str]) -> int:
    if path.exists():
        for line in path.read_text().splitlines():
            name, _, numbers = line.partition(":")
            if name in names:
                return int(numbers.partition(":")[2])
    return 0


def _user_namespaces() -> Iterator[str]:
    trial = subprocess.run(
        ["unshare", "--user", "--map-root-user", "true"], capture_output=True, text=True, timeout=_TRIAL_DEADLINE_S
    )
    if trial.returncode != 0:
        yield (
            f"The kernel refuses user namespaces ({trial.stderr.strip()}). As root, see which of these is set: sysctl "
            "user.max_user_namespaces kernel.unprivileged_userns_clone kernel.apparmor_restrict_unprivileged_userns"
        )


def _control_group() -> Iterator[str]:
    mounted = control_groups.hierarchy()
    if mounted is None:
        yield "No cgroup2 hierarchy is mounted. As root: mount -t cgroup2 none /sys/fs/cgroup"
        return
    group = control_groups.own_group(mounted)
    if all(os.access(place, os.W_OK) for place in (group, group / "cgroup.procs")):
        return
    if _SYSTEMD.exists():
        yield f"This process's control group {group} is not delegated to it. Put before the command: {DELEGATE}"
    else:
        name, given = user_name(os.geteuid()), mounted / user_name(os.geteuid())
        files = " ".join(str(given / file) for file in ("", "cgroup.procs", "cgroup.subtree_control"))
        yield (
            f"This process's control group {group} is not delegated to it. As root, in whose shell the command is then "
            f"run by `su {name}`: mkdir -p {given}; chown {name} {files}; echo $$ > {given}/cgroup.procs"
        )


def _state_of_root(state: Path) -> Iterator[str]:
    if state.exists() and state.stat().st_uid == 0:
        yield f"{state} belongs to root. Go on there as root, or name another folder by CLOUDPOINT_STATE."
