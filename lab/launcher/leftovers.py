"""What a platform left on the machine: processes, mounts, network namespaces and links, control groups, files."""

import os
import subprocess
from pathlib import Path

from lab.launcher.settings import Settings

OWN_FILES = ("cmdline", "environ")
OWN_LINKS = ("cwd", "exe", "root")


def leftovers(settings: Settings) -> list[str]:
    """A line for each thing that is there and should not be, after `destroy`."""
    racks = [f"cp-{cloud.name}" for cloud in settings.clouds]
    return [
        *(f"process {line}" for line in _processes(settings.state)),
        *(f"mount {line}" for line in _mounts(settings.state)),
        *(f"network namespace {name}" for name in _named(Path("/run/netns"), racks)),
        *(f"network link {name}" for name in _named(Path("/sys/class/net"), racks)),
        *(f"control group {path}" for path in _control_groups(racks)),
        *([f"folder {settings.state}"] if settings.state.exists() else []),
    ]


def _processes(state: Path) -> list[str]:
    """Processes whose command, environment, working folder or open program lies in the state folder."""
    marker = f"{state}/".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and marker in _traces(entry):
            command = _read(entry / "cmdline").replace(b"\0", b" ").decode(errors="replace")
            found.append(f"{entry.name} {command[:120]}")
    return found


def _traces(process: Path) -> bytes:
    texts = [_read(process / name) for name in OWN_FILES]
    for name in OWN_LINKS:
        try:
            texts.append(bytes((process / name).readlink()) + b"/")
        except OSError:
            continue
    return b"\0".join(texts)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _mounts(state: Path) -> list[str]:
    """Mount points (fifth field of mountinfo, proc(5)) in the state folder."""
    points = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return [point for point in points if Path(point).is_relative_to(state)]


def _named(folder: Path, racks: list[str]) -> list[str]:
    if not folder.exists():
        return []
    return sorted(e.name for e in folder.iterdir() if any(e.name == r or e.name.startswith(f"{r}-") for r in racks))


def _control_groups(racks: list[str]) -> list[str]:
    patterns = [part for rack in racks for part in ("-o", "-name", f"{rack}*")][1:]
    listed = subprocess.run(
        ["find", "/sys/fs/cgroup", "-maxdepth", "6", "-type", "d", "(", *patterns, ")"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    return listed.stdout.split()
