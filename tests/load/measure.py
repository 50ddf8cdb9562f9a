"""One measurement: many requests at once for some seconds, their times, and the CPU that the services spent."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

# In /proc/<pid>/stat after the command's closing bracket: user and system time are the 12th and 13th field (proc(5)).
_CPU_FIELDS = slice(11, 13)
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Target:
    """What is asked: ``url`` with ``headers``; ``pids`` are the processes whose CPU counts."""

    name: str
    url: str
    headers: dict[str, str]
    pids: tuple[int, ...]


@dataclass(frozen=True)
class Round:
    """What came of one round: seconds of each request that was answered 200, failures, seconds of CPU."""

    times: Sequence[float]
    failures: int
    elapsed_seconds: float
    cpu_seconds: float


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU that processes have spent since their start."""
    ticks = 0
    for pid in pids:
        text = Path(f"/proc/{pid}/stat").read_text()
        ticks += sum(map(int, text[text.rindex(")") + 2 :].split()[_CPU_FIELDS]))
    return ticks / _TICKS_PER_SECOND


def peak_mebibytes(pids: Sequence[int]) -> float:
    """The most memory that processes have had resident since their start, all together (VmHWM of proc(5))."""
    found = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        found += int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])
    return found / 1024


async def one_round(target: Target, connections: int, seconds: float) -> Round:
    """Ask as fast as answers come, over ``connections`` kept-alive connections, for ``seconds``."""
    times: list[float] = []
    failures = 0
    cpu_before, begun = cpu_seconds(target.pids), time.monotonic()

    async def ask_on(session: aiohttp.ClientSession) -> None:
        nonlocal failures
        while (asked := time.monotonic()) < begun + seconds:
            async with session.get(target.url) as answer:
                await answer.read()
            if answer.status == 200:
                times.append(time.monotonic() - asked)
            else:
                failures += 1

    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector, headers=target.headers) as session:
        await asyncio.gather(*(ask_on(session) for _ in range(connections)))
    return Round(times, failures, time.monotonic() - begun, cpu_seconds(target.pids) - cpu_before)
