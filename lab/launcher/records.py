"""Which processes were started: a record a process, that can't be mistaken for another one with the same pid."""

import contextlib
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.launcher.processes import wait_until

# In /proc/<pid>/stat after the command's closing bracket: state comes first, the start time twentieth (proc(5)).
_STATE_FIELD = 0
_START_FIELD = 19
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Identity:
    """One process of one boot: a pid is reused, a pid with its start time (in clock ticks since boot) is not."""

    pid: int
    start_ticks: int
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """The identity of a process that runs now; None if there is none, or it is only waiting to be reaped."""
        fields = _stat_fields(pid)
        if fields is None or fields[_STATE_FIELD] in ("Z", "X"):
            return None
        return cls(pid, int(fields[_START_FIELD]), _BOOT_ID.read_text().strip())

    def lives(self) -> bool:
        """Say whether exactly this process still runs."""
        return Identity.of(self.pid) == self

    def signal(self, sign: signal.Signals) -> None:
        """Send a signal to exactly this process: a pidfd is opened first, then the identity is compared."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.lives():
                signal.pidfd_send_signal(handle, sign)
        except ProcessLookupError:
            return
        finally:
            os.close(handle)

    def kill(self) -> None:
        """Kill exactly this process, and with it the process group that it leads, if it leads one."""
        if not self.lives():
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.signal(signal.SIGKILL)


def _stat_fields(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()


def write(folder: Path, name: str, identity: Identity) -> None:
    """Record that ``name`` is run by this process."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{name}.json"
    fresh.write_text(json.dumps(asdict(identity)))
    fresh.rename(folder / f"{name}.json")


def read(folder: Path, name: str) -> Identity | None:
    """The recorded process of ``name``, or None; a record that can't be read counts as none."""
    try:
        return Identity(**json.loads((folder / f"{name}.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def forget(folder: Path, name: str) -> None:
    """Delete the record of ``name``."""
    (folder / f"{name}.json").unlink(missing_ok=True)


def end_leftovers(folder: Path, deadline_seconds: float) -> list[str]:
    """End every recorded process that still lives, SIGTERM then SIGKILL, and forget all; returns their names."""
    recorded = {path.stem: read(folder, path.stem) for path in folder.glob("[!.]*.json")}
    living = {name: identity for name, identity in recorded.items() if identity and identity.lives()}
    for sign, patience in ((signal.SIGTERM, deadline_seconds), (signal.SIGKILL, 5.0)):
        for identity in living.values():
            identity.signal(sign)
        if wait_until(lambda: not any(identity.lives() for identity in living.values()), patience):
            break
    for name in recorded:
        forget(folder, name)
    return sorted(living)


def age_seconds(identity: Identity) -> float:
    """How long ago a process was started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - identity.start_ticks / os.sysconf("SC_CLK_TCK")
