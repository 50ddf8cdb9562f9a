"""The command line that starts a sandbox: bubblewrap with nothing in it but what is named here.

Bubblewrap's own first process stays in the sandbox (no ``--as-pid-1``): it buries what ssh leaves behind, and it keeps
the signal for its parent's death, which a process loses when it changes its user (prctl(2), PR_SET_PDEATHSIG).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

RUN_FOLDER = "/run/cloudpoint"
"""The run's folder, as the sandbox sees it. It is memory: it ends with the sandbox and never touches a disk."""
RELAY_FOLDER = "/relay"
"""The folder with a unix socket for each host, as the sandbox sees it."""

_ENTER = 'for group in "$@"; do shift; [ "$group" = -- ] && break; echo $$ > "$group" || exit 71; done; exec "$@"'
"""Join each control group before anything else happens, so that nothing is ever outside of it."""
_ACCOUNT = "cloudpoint:x:{uid}:{uid}:element:/tmp:/bin/sh\n"
_GROUP = "cloudpoint:x:{uid}:\n"


@dataclass(frozen=True)
class Content:
    """A file to be made inside, read from an open descriptor. No argument ever carries its text."""

    path: str
    descriptor: int


@dataclass(frozen=True)
class Shape:
    """What one sandbox consists of.

    ``read_only`` are folders of this machine with their places inside. With ``as_root`` the caller is the superuser:
    the sandbox then runs as ``uid`` for real; else a user namespace shows the caller's own id as ``uid``.
    """

    uid: int
    as_root: bool
    folder_bytes: int
    read_only: Sequence[tuple[Path, str]]
    contents: Sequence[Content]
    environment: Mapping[str, str]
    seccomp_descriptor: int
    bubblewrap: str = "bwrap"


def account_files(uid: int) -> dict[str, bytes]:
    """Return the two files by which programs inside learn their own name; ssh refuses to work for a nameless user."""
    return {"/etc/passwd": _ACCOUNT.format(uid=uid).encode(), "/etc/group": _GROUP.format(uid=uid).encode()}


def sandbox_command(shape: Shape, control_groups: Sequence[str], program: Sequence[str]) -> list[str]:
    """Return the whole command. The first process has no environment at all, so /proc has nothing to tell."""
    return [
        *("/usr/bin/env", "-i", "/bin/sh", "-c", _ENTER, "sandbox", *control_groups, "--"),
        *(shape.bubblewrap, "--die-with-parent", "--new-session"),
        *_namespaces(shape),
        *_system(),
        *_writable(shape.folder_bytes),
        *_folders([*(inside for _, inside in shape.read_only), *(file.path for file in shape.contents)]),
        *(word for source, inside in shape.read_only for word in ("--ro-bind", str(source), inside)),
        *_contents(shape),
        *(word for name, value in shape.environment.items() for word in ("--setenv", name, value)),
        *("--remount-ro", "/", "--chdir", RUN_FOLDER, "--seccomp", str(shape.seccomp_descriptor), "--"),
        *_become(shape),
        *program,
    ]


def _namespaces(shape: Shape) -> list[str]:
    own = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    nameless = [*own, "--hostname", "sandbox", "--cap-drop", "ALL"]
    if shape.as_root:
        return [*nameless, *(word for name in ("SETUID", "SETGID", "SETPCAP") for word in ("--cap-add", f"CAP_{name}"))]
    return [*nameless, "--unshare-user", "--uid", str(shape.uid), "--gid", str(shape.uid)]


def _become(shape: Shape) -> list[str]:
    if not shape.as_root:
        return []
    account = [f"--reuid={shape.uid}", f"--regid={shape.uid}", "--clear-groups"]
    powers = ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs"]
    return ["/usr/bin/setpriv", *account, *powers, "--"]


def _system() -> list[str]:
    links = [word for name in ("bin", "sbin", "lib", "lib64") for word in ("--symlink", f"usr/{name}", f"/{name}")]
    return ["--ro-bind", "/usr", "/usr", *links, "--proc", "/proc", "--dev", "/dev"]


def _writable(folder_bytes: int) -> list[str]:
    places = (RUN_FOLDER, "/tmp", "/dev/shm")
    return [word for place in places for word in ("--perms", "1777", "--size", str(folder_bytes), "--tmpfs", place)]


def _folders(places: Sequence[str]) -> list[str]:
    """Make the folders above ``places`` so that the user inside may enter them: bubblewrap makes them private."""
    above = {str(folder) for place in places for folder in Path(place).parents}
    wanted = sorted(above - {"/", "/run", RUN_FOLDER, "/usr", "/tmp"})
    return [word for folder in wanted for word in ("--perms", "0755", "--dir", folder)]


def _contents(shape: Shape) -> list[str]:
    """Files belong to root and are read by the one user inside; in a user namespace they are that user's own."""
    mode = "0444" if shape.as_root else "0400"
    return [word for file in shape.contents for word in ("--perms", mode, "--file", str(file.descriptor), file.path)]
