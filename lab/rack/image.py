"""The one image that all machines boot: built once by mmdebstrap, kept in the cache under a hash of its recipe."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from lab.privileges.identity import own_cache
from lab.rack import apt_sources, settings
from lab.rack.apt_cache import AptCache
from lab.rack.errors import RackError

HERE = Path(__file__).resolve().parent
ROOTFS = HERE / "rootfs"
READER = HERE / "config_drive_reader"
READER_IN_IMAGE = "usr/lib/python3/dist-packages/config_drive_reader"

PACKAGES = (
    "ca-certificates", "dbus", "iproute2", "netbase", "openssh-server", "procps",
    "python3", "python3-apt", "python3-pycdlib", "python3-yaml", "sudo", "systemd-sysv",
)  # fmt: skip
ENABLED_UNITS = ("ssh.service", "config-drive.service", "config-drive-commands.service")
# Units that a machine of namespaces cannot serve, and timers that would work on the host's disk or fetch by themselves.
MASKED_UNITS = (
    "systemd-udevd.service", "systemd-modules-load.service", "systemd-logind.service", "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount", "dev-hugepages.mount", "dev-mqueue.mount", "sys-fs-fuse-connections.mount",
    "systemd-journald-audit.socket", "getty.target", "console-getty.service",
    "fstrim.timer", "e2scrub_all.timer", "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer",
    "ssh.socket",
)  # fmt: skip
LEFT_OUT_OF_PACKAGES = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*", "/usr/share/info/*")
BUILD_DEADLINE_S = 900

Progress = Callable[[str], None]


def fingerprint(sources: list[apt_sources.Source]) -> str:
    """What the image is made of, as 16 hexadecimal digits: packages, mirrors, units, and this module itself."""
    digest = hashlib.sha256()
    for line in [*PACKAGES, *(source.line() for source in sources)]:
        digest.update(line.encode() + b"\n")
    for path in [Path(__file__).resolve(), *_files(ROOTFS), *_files(READER)]:
        digest.update(str(path.relative_to(HERE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def image_path(cache_root: Path, image_id: str) -> Path:
    """Where the image of that id lies, whether or not it is built."""
    return own_cache(cache_root) / "rack-images" / image_id


def ensure_image(cache_root: Path, apt_port: int, progress: Progress) -> str:
    """Build the image unless the cache has it, and return its id. Takes about half a minute when it builds.

    Args:
        cache_root: The cache; the image appears in it whole or not at all.
        apt_port: Loopback port for the package cache, if none runs on `cache_root` yet.
        progress: Called with one line at a time.

    Raises:
        RackError: A program is missing, or the build failed; the sentence has the builder's last lines.
    """
    settings.require_programs()
    sources = apt_sources.host_sources()
    image_id = fingerprint(sources)
    target = image_path(cache_root, image_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(target.parent / "lock"):
        if target.exists():
            progress(f"image {image_id} is in the cache")
        else:
            _build(cache_root, target, sources, apt_port, progress)
    return image_id


def _build(
    cache_root: Path, target: Path, sources: list[apt_sources.Source], apt_port: int, progress: Progress
) -> None:
    fresh = target.parent / f"building-{target.name}"
    shutil.rmtree(fresh, ignore_errors=True)
    started = time.monotonic()
    with AptCache(cache_root).running(apt_port) as cache_port:
        try:
            _debootstrap(fresh, sources, cache_port, progress)
            _furnish(fresh)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    fresh.rename(target)
    progress(f"image {target.name} built in {time.monotonic() - started:.0f} s")


def _debootstrap(target: Path, sources: list[apt_sources.Source], cache_port: int, progress: Progress) -> None:
    command = [
        "mmdebstrap", "--variant=minbase", "--mode=root", f"--include={','.join(PACKAGES)}",
        "--skip=cleanup/apt/lists", f'--aptopt=Acquire::http::Proxy "http://127.0.0.1:{cache_port}"',
        '--aptopt=Acquire::Languages "none"', "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT_OF_PACKAGES),
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        apt_sources.CODENAME, str(target), "-",
    ]  # fmt: skip
    lines = "".join(f"{source.line()}\n" for source in sources)
    last: deque[str] = deque(maxlen=12)
    builder = subprocess.Popen(
        ["timeout", "--kill-after=10", str(BUILD_DEADLINE_S), *command],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=settings.build_environment(),
    )  # fmt: skip
    assert builder.stdin and builder.stderr
    with builder:
        builder.stdin.write(lines)
        builder.stdin.close()
        for line in builder.stderr:
            last.append(line.rstrip())
            if line.startswith("I: "):
                progress(f"image: {line[3:].rstrip()}")
    if builder.returncode != 0:
        raise RackError(f"mmdebstrap ended with {builder.returncode}:\n" + "\n".join(last))


def _furnish(root: Path) -> None:
    """Put in what makes it a lab machine, and take out what must be each machine's own."""
    _copy_tree(ROOTFS, root)
    _copy_tree(READER, root / READER_IN_IMAGE)
    (root / "etc/apt/apt.conf.d/99mmdebstrap").unlink()
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    (root / "etc/machine-id").write_text("")
    (root / "etc/hostname").write_text("localhost\n")
    (root / "etc/resolv.conf").write_text("")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n")
    (root / "mnt/shared-storage").mkdir()
    _inside(root, "systemctl", "mask", *MASKED_UNITS)
    _inside(root, "systemctl", "enable", *ENABLED_UNITS)
    _inside(root, "systemctl", "set-default", "multi-user.target")
    _inside(root, "python3", "-m", "compileall", "-q", f"/{READER_IN_IMAGE}")


def _copy_tree(source: Path, target: Path) -> None:
    """Copy files into the image as root's, world-readable, executable where they are here."""
    for path in _files(source):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o755 if os.access(path, os.X_OK) and path.stat().st_mode & 0o100 else 0o644)


def _inside(root: Path, *command: str) -> None:
    ended = subprocess.run(
        ["chroot", str(root), *command], capture_output=True, text=True, timeout=60, env=settings.build_environment()
    )
    if ended.returncode != 0:
        raise RackError(f"In the new image `{' '.join(command)}` failed: {ended.stderr.strip()}")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


@contextlib.contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
