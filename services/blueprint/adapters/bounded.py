"""Validation in a process of its own: what others send (a pattern above all) may cost more than anybody has."""

import asyncio
import sys
from contextlib import suppress

import msgspec

from services.blueprint.domain.blueprint import DOCUMENT
from services.blueprint.validate import Task
from services.contracts.blueprint import Finding

LIMIT_SECONDS = 20.0
MOST_AT_ONCE = 2


class BoundedValidation:
    """At most ``MOST_AT_ONCE`` processes at a time, each killed after ``LIMIT_SECONDS``."""

    def __init__(self, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._limit_seconds = limit_seconds
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)

    async def run(self, task: Task) -> list[Finding]:
        """Return the findings; that it took too long is one of them. Raises RuntimeError if the process fails."""
        async with self._turns:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "services.blueprint.validate",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={"PYTHONPATH": ":".join(sys.path)},
            )
            try:
                async with asyncio.timeout(self._limit_seconds):
                    told, errors = await process.communicate(msgspec.json.encode(task))
            except TimeoutError:
                return [_too_long(self._limit_seconds)]
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            raise RuntimeError(f"The validation failed: {errors.decode(errors='replace')[-500:]}")
        return msgspec.json.decode(told, type=list[Finding])


def _too_long(seconds: float) -> Finding:
    return Finding(
        file=DOCUMENT,
        line=None,
        message=f"The validation took longer than {seconds:g} s and was given up.",
        hint="Simplify the patterns among the parameters: no repetition inside a repetition.",
    )
