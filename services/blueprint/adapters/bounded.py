"""Validation in processes of its own: what others send may cost more than anybody has."""

import asyncio
import signal
import sys
from contextlib import suppress

import msgspec

from services.blueprint.domain.publication import Checked, refused
from services.blueprint.validate import Ended, Task, framed
from services.chassis.log import get_logger
from services.contracts.blueprint import Finding

LIMIT_SECONDS = 20.0
MOST_AT_ONCE = 2
_LENGTH_BYTES = 4
log = get_logger("blueprint.validation")


class BoundedValidation:
    """Up to ``MOST_AT_ONCE`` processes, started when they are needed and kept; each gives one task a fork of its own.

    A task ends at its own limits of time and memory, and with its process after ``limit_seconds``.
    """

    def __init__(self, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._limit_seconds = limit_seconds
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._idle: list[asyncio.subprocess.Process] = []

    async def run(self, task: Task) -> Checked:
        """Return what came of the task; that it took too much is a finding. Raises RuntimeError if it broke."""
        ended = await self.measured(task)
        if ended.error is not None:
            raise RuntimeError(f"The validation failed: {ended.error}")
        return msgspec.msgpack.decode(ended.checked, type=Checked) if ended.checked else _given_up(task, ended)

    async def measured(self, task: Task) -> Ended:
        """Return how the task ended, with the time and memory that it took."""
        async with self._turns:
            try:
                async with asyncio.timeout(self._limit_seconds):
                    return await self._ended(task)
            except TimeoutError:
                return Ended(signal=signal.SIGKILL)

    async def close(self) -> None:
        """End the processes."""
        while self._idle:
            await _end(self._idle.pop())

    async def _ended(self, task: Task) -> Ended:
        process = self._idle.pop() if self._idle else await _started()
        try:
            answer = await _exchange(process, msgspec.msgpack.encode(task))
        except BaseException:
            await _end(process)
            raise
        self._idle.append(process)
        return msgspec.msgpack.decode(answer, type=Ended)


async def _started() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.blueprint.validate",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path)},
    )


async def _exchange(process: asyncio.subprocess.Process, frame: bytes) -> bytes:
    assert process.stdin is not None and process.stdout is not None, "they are pipes"
    try:
        process.stdin.write(framed(frame))
        await process.stdin.drain()
        head = await process.stdout.readexactly(_LENGTH_BYTES)
        return await process.stdout.readexactly(int.from_bytes(head))
    except (asyncio.IncompleteReadError, OSError) as error:
        raise RuntimeError("The process that validates went away.") from error


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await asyncio.shield(process.wait())


def _given_up(task: Task, ended: Ended) -> Checked:
    log.warning("validation.given_up", kind=task.kind, signal=ended.signal, out_of_memory=ended.out_of_memory)
    limit = f"{task.memory_bytes >> 20} MB of memory" if ended.out_of_memory else f"{task.cpu_seconds:g} s"
    message = f"The validation would take more than {limit} and was given up."
    return refused([Finding(file="", line=None, message=message, hint="Make it smaller and simpler.")])
