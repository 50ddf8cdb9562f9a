"""Start a program in a sandbox, read what it says, and end all of it."""

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from services.runner.adapters.sandbox import seccomp
from services.runner.adapters.sandbox.cgroup import ControlGroup, ControlGroups, Limits
from services.runner.adapters.sandbox.command import Content, Shape, account_files, sandbox_command

_LINE_BYTES = 64 * 1024 * 1024
"""The longest line that is read: one event of ansible-runner, which holds a task's whole output."""


@dataclass(frozen=True)
class SandboxStart:
    """What one sandbox is started with.

    ``files`` are made in memory inside it, by their absolute path there; ``read_only`` are folders of this machine with
    their places inside.
    """

    name: str
    program: Sequence[str]
    files: Mapping[str, bytes]
    read_only: Sequence[tuple[Path, str]]
    environment: Mapping[str, str]


class SandboxProcess:
    """A running sandbox."""

    def __init__(self, process: asyncio.subprocess.Process, group: ControlGroup) -> None:
        assert process.stdout is not None
        self._process = process
        self._group = group
        self._killed = False
        self.stdout = process.stdout

    @property
    def unlimited(self) -> tuple[str, ...]:
        """What could not be limited on this machine: of memory, pids, cpu."""
        return self._group.missing

    def kill(self) -> None:
        """End it as a whole: bubblewrap's end takes the process namespace with it, and so everything inside."""
        self._killed = True
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    async def finish(self) -> "Ending":
        """Wait for the end, remove what is left of it, and say how it ended."""
        try:
            code = await self._process.wait()
        except BaseException:
            self.kill()
            raise
        finally:
            out_of_memory = self._group.ran_out_of_memory()
            await self._group.end()
        return Ending(code, self._killed, out_of_memory)


@dataclass(frozen=True)
class Ending:
    """How a sandbox ended: its exit code, whether we ended it, whether memory ran out."""

    code: int
    killed: bool
    out_of_memory: bool


class Sandbox:
    """Starts sandboxes of one kind on this machine."""

    def __init__(
        self, groups: ControlGroups, limits: Limits, *, uid: int, folder_bytes: int, bubblewrap: str = "/usr/bin/bwrap"
    ) -> None:
        self._groups = groups
        self._limits = limits
        self._uid = uid
        self._folder_bytes = folder_bytes
        self._bubblewrap = bubblewrap

    async def clean_up(self) -> int:
        """End sandboxes that an earlier process of this runner left; return how many there were."""
        return await self._groups.end_all()

    async def start(self, start: SandboxStart) -> SandboxProcess:
        """Start ``start``; its output and errors come as one stream. Raises OSError."""
        group = self._groups.create(start.name, self._limits)
        with _in_memory({**account_files(self._uid), **start.files}) as contents, _filter() as filter_descriptor:
            shape = Shape(
                uid=self._uid,
                as_root=os.geteuid() == 0,
                folder_bytes=self._folder_bytes,
                read_only=start.read_only,
                contents=contents,
                environment=start.environment,
                seccomp_descriptor=filter_descriptor,
                bubblewrap=self._bubblewrap,
            )
            process = await asyncio.create_subprocess_exec(
                *sandbox_command(shape, group.entrances(), start.program),
                cwd="/",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=[filter_descriptor, *(content.descriptor for content in contents)],
                limit=_LINE_BYTES,
            )
        return SandboxProcess(process, group)


@contextmanager
def _in_memory(files: Mapping[str, bytes]) -> Iterator[list[Content]]:
    contents = [Content(path, _descriptor(text)) for path, text in files.items()]
    try:
        yield contents
    finally:
        for content in contents:
            os.close(content.descriptor)


@contextmanager
def _filter() -> Iterator[int]:
    descriptor = _descriptor(seccomp.program())
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _descriptor(text: bytes) -> int:
    descriptor = os.memfd_create("cloudpoint")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(text)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
