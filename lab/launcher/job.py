"""A Python module to run as a child of the supervisor, and how a forked child becomes it."""

import os
import runpy
import signal
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from lab.launcher.kernel import end_with_parent, name_process


@dataclass(frozen=True)
class Job:
    """``module`` is run as ``python -m`` would, with ``arguments``; its output goes to the file ``log``.

    Jobs of a higher ``rank`` are stopped before those of a lower one.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    log: str
    rank: int = 1

    def to_json(self) -> dict[str, Any]:
        """What crosses the supervisor's socket."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Job":
        """The inverse of to_json; raises TypeError for fields that do not fit."""
        return cls(**{**fields, "arguments": tuple(fields["arguments"])})


def become(job: Job, parent: int) -> NoReturn:
    """Turn a freshly forked child into the job; never returns."""
    code = 1
    try:
        _detach(job, parent)
        sys.argv = [job.module, *job.arguments]
        runpy.run_module(job.module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = _exit_code(end)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _exit_code(end: SystemExit) -> int:
    """What Python would exit with: a text goes to stderr and means 1."""
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    print(end.code, file=sys.stderr)
    return 1


def _detach(job: Job, parent: int) -> None:
    """Own process group, default signals, own output, no inherited descriptors, death with the parent."""
    end_with_parent(signal.SIGTERM, parent)
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for sign in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, signal.default_int_handler if sign is signal.SIGINT else signal.SIG_DFL)
    Path(job.log).parent.mkdir(parents=True, exist_ok=True)
    output = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, 4096)
    name_process(job.name)
