"""The process that validates what others send: one fork a task, with limits, so that no task outlives its own.

Frames go in by stdin and out by stdout: four bytes of length (big-endian), then msgpack.
"""

import gc
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from services.blueprint.domain.files import Files
from services.blueprint.domain.publication import Checked, check_blueprint, check_element, check_single, refused
from services.blueprint.domain.single import is_single
from services.blueprint.domain.upload import UploadRefused, checked_files, files_of_tar
from services.contracts.blueprint import ElementVersion, Finding

CPU_SECONDS = 1.0
MEMORY_BYTES = 64 * 2**20
_OUT_OF_MEMORY = 12
_LENGTH_BYTES = 4
_KILOBYTE = 1024
"""The unit of ``ru_maxrss`` (getrusage(2))."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to validate: a folder as texts or as a tar archive, and what it is held against.

    ``kind`` is blueprint or element; ``schema`` that of its document; ``elements`` what a blueprint may use;
    ``library`` the modules that all elements share; ``name`` and ``version`` those of a blueprint that is sent as a
    single template. ``cpu_seconds`` and ``memory_bytes`` are the task's limits.
    """

    kind: str
    schema: dict[str, Any]
    texts: dict[str, str] | None = None
    archive: bytes = b""
    elements: dict[str, dict[str, ElementVersion]] = {}
    library: dict[str, bytes] = {}
    name: str | None = None
    version: str | None = None
    cpu_seconds: float = CPU_SECONDS
    memory_bytes: int = MEMORY_BYTES


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a task ended: with ``checked`` (msgpack of a Checked), by a ``signal``, out of memory, or with an ``error``.

    ``cpu_seconds`` and ``peak_bytes`` are what its process took; the peak includes what it was forked with.
    """

    checked: bytes = b""
    signal: int | None = None
    out_of_memory: bool = False
    error: str | None = None
    cpu_seconds: float = 0.0
    peak_bytes: int = 0


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next frame; None at the end."""
    head = stream.read(_LENGTH_BYTES)
    return stream.read(int.from_bytes(head)) if len(head) == _LENGTH_BYTES else None


def framed(content: bytes) -> bytes:
    """Return ``content`` as a frame."""
    return len(content).to_bytes(_LENGTH_BYTES) + content


def main() -> int:
    """Take one task after the other until stdin ends; returns the exit code."""
    gc.freeze()
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        sys.stdout.buffer.write(framed(_in_a_fork(frame)))
        sys.stdout.buffer.flush()
    return 0


def _in_a_fork(frame: bytes) -> bytes:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(frame, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return msgspec.msgpack.encode(
        Ended(
            checked=answer if code == 0 else b"",
            signal=-code if code < 0 else None,
            out_of_memory=code == _OUT_OF_MEMORY,
            error=answer.decode(errors="replace") if code > 0 and code != _OUT_OF_MEMORY else None,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_bytes=usage.ru_maxrss * _KILOBYTE,
        )
    )


def _work(frame: bytes, writing: int) -> None:
    """Do one task and end the process."""
    code = 1
    try:
        task = msgspec.msgpack.decode(frame, type=Task)
        _limit(task)
        answer = msgspec.msgpack.encode(_checked(task))
        code = 0
    except MemoryError:
        answer, code = b"", _OUT_OF_MEMORY
    except BaseException as error:
        answer = repr(error)[:500].encode(errors="replace")
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(answer)
    os._exit(code)


def _limit(task: Task) -> None:
    """End this process at its limits: of memory beyond what it has now, and of its own time."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + task.memory_bytes, used + task.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.setitimer(signal.ITIMER_PROF, task.cpu_seconds)


def _checked(task: Task) -> Checked:
    try:
        files = _files(task)
        if task.kind == "element":
            return check_element(files, task.schema, task.library, digest_covers_library=False)
        if is_single(files):
            return check_single(files, task.schema, task.elements, task.name, task.version)
    except UploadRefused as error:
        return refused(error.findings)
    if task.name or task.version:
        message, hint = "A folder has its name and version in blueprint.yaml.", "Leave out the ones beside it."
        return refused([Finding(file="blueprint.yaml", line=None, message=message, hint=hint)])
    return check_blueprint(files, task.schema, task.elements)


def _files(task: Task) -> Files:
    if task.texts is None:
        return files_of_tar(task.archive, f"{task.kind}.yaml")
    return checked_files({path: text.encode() for path, text in task.texts.items()})


if __name__ == "__main__":
    sys.exit(main())
