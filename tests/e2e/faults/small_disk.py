"""A file system in memory that can be filled to its last byte."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class SmallDisk:
    """One that is mounted."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    @classmethod
    @contextmanager
    def mounted(cls, folder: Path, megabytes: int) -> Iterator["SmallDisk"]:
        """Mount one on an empty folder; it is gone with what it holds at the end."""
        folder.mkdir(exist_ok=True, parents=True)
        mode = oct(folder.stat().st_mode & 0o777)[2:]
        options = f"size={megabytes}m,mode={mode}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "small-disk", str(folder)], check=True, timeout=10)
        try:
            yield cls(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=10)

    def fill(self) -> None:
        """Leave no byte free."""
        ballast = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while True:
                    os.write(ballast, bytes(size))
        os.close(ballast)
        free = os.statvfs(self._ballast).f_bavail
        assert free == 0, free

    def clear(self) -> None:
        """Make room again."""
        self._ballast.unlink(missing_ok=True)
