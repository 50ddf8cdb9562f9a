"""What a host is: packages, files, accounts, units. Runs on the host itself, with Python's standard library only.

    python3 fingerprint.py < fingerprint-exclusions.txt

Reads patterns of paths to leave out, one a line (`#` begins a comment), and prints one JSON object of
{"packages": {name: version}, "files": {path: description}, "users": [...], "groups": [...], "units": [...]}.
"""

import fnmatch
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path


def printed(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


def patterns(lines: Iterable[str]) -> re.Pattern[str]:
    """One expression that matches every path to leave out; `*` matches slashes too."""
    wanted = [line.partition("#")[0].strip() for line in lines]
    return re.compile("|".join(fnmatch.translate(line) for line in wanted if line))


def describe(path: Path) -> str:
    """Kind, owner, mode, and the contents: a digest, or where a link leads."""
    found = path.lstat()
    owner = f"{found.st_uid}:{found.st_gid} {stat.filemode(found.st_mode)}"
    if stat.S_ISLNK(found.st_mode):
        return f"link to {path.readlink()}"
    if stat.S_ISREG(found.st_mode):
        return f"{owner} {hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()}"
    return owner


def files(root: str, left_out: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Every path of the root file system that is not left out, with its description."""
    device = os.lstat(root).st_dev
    for folder, names, others in os.walk(root):
        for name in list(names):
            path = f"{folder.rstrip('/')}/{name}"
            if left_out.match(path):
                names.remove(name)
            elif os.path.ismount(path) or os.lstat(path).st_dev != device:
                names.remove(name)
                yield path, "mount point"
            else:
                yield path, describe(Path(path))
        for name in others:
            path = f"{folder.rstrip('/')}/{name}"
            if not left_out.match(path):
                yield path, describe(Path(path))


def packages() -> dict[str, str]:
    listing = printed("dpkg-query", "-W", "-f", "${binary:Package}\t${db:Status-Abbrev} ${Version}\n")
    return dict(line.split("\t") for line in listing)


def units() -> list[str]:
    """Units that are enabled or masked, and what is active or failed now. Targets are milestones, they are not left."""
    states = printed("systemctl", "list-unit-files", "--state=enabled,masked", "--no-legend", "--plain")
    kinds = "--type=service,socket,timer,mount"
    active = printed("systemctl", "list-units", kinds, "--state=active,failed", "--no-legend", "--plain")
    settled = [" ".join(line.split()[:2]) for line in states]
    return sorted(settled + [f"{line.split()[0]} is {line.split()[2]}" for line in active])


def main() -> None:
    left_out = patterns(sys.stdin)
    found = {
        "packages": packages(),
        "files": dict(files("/", left_out)),
        "users": sorted(Path("/etc/passwd").read_text().splitlines()),
        "groups": sorted(Path("/etc/group").read_text().splitlines()),
        "units": units(),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
