"""Events of one project to 2,000 clients of the events service, against a hundredth of them.

An event's age counts from when it happened: bus, record, notification and the client's socket are in it.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator

import httpx
import msgspec

from lab.launcher.platform import Platform
from lab.launcher.settings import REPOSITORY
from services.chassis.bus import Bus, BusSettings, new_event
from tests.load.benchmark import Benchmark, Run
from tests.load.figures import Figure, as_peer, at_most, median, p99
from tests.load.followers import Job
from tests.load.inside import headers_for
from tests.load.measure import cpu_seconds
from tests.load.needs import root
from tests.load.platform import customer_token, running

MANY, FEW = 2_000, 20
PER_PROCESS = 1_000
EVENTS_PER_SECOND = 4.0
AIM_MILLIS = 250.0
SETTLE_SECONDS = 2.0
OPEN_SECONDS = 60.0


def measure(run: Run) -> list[Figure]:
    """Ages in milliseconds, and the service's CPU for each event and client."""
    ages: dict[int, list[float]] = {MANY: [], FEW: []}
    costs: list[float] = []
    with running(run.display) as platform:
        token = customer_token(platform)
        project = _project(platform, token)
        pid = next(int(one["pid"]) for one in platform.supervisor.kept() if one["name"] == "events-serve")
        for _ in range(run.rounds):
            for count in (FEW, MANY):
                came, spent = _round(platform, token, project, count, max(run.seconds, 4.0), pid)
                ages[count] += came
                costs += [1e6 * spent / len(came)] if count == MANY else []
                run.say(f"{count} clients: {len(came)} events came")
    peer = as_peer(p99(f"{FEW} clients", "ms", ages[FEW]))
    return [
        p99(f"age of an event at {MANY} clients, p99", "ms", ages[MANY], at_most(AIM_MILLIS), peer),
        median(f"age of an event at {MANY} clients, median", "ms", ages[MANY]),
        median("CPU of the service", "µs an event and client", costs),
    ]


def _project(platform: Platform, token: str) -> str:
    url, headers = f"{platform.settings.public_url}/v1/projects", {"Authorization": f"Bearer {token}"}
    project: str = httpx.get(url, headers=headers, timeout=10.0).raise_for_status().json()["items"][0]["id"]
    return project


def _round(
    platform: Platform, token: str, project: str, count: int, seconds: float, pid: int
) -> tuple[list[float], float]:
    """The ages that all clients saw, and the seconds of CPU of ``pid`` while they followed."""
    job = Job(
        port=platform.settings.port_of("events"),
        path=f"/v1/events/stream?project={project}&type=bench.*",
        headers=headers_for(platform, token, "events"),
        count=min(count, PER_PROCESS),
    )
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(_followers(job)) for _ in range(count // job.count)]
        for process in processes:
            if _line(process) != "open":
                raise RuntimeError("the streams did not open")
        before = cpu_seconds((pid,))
        sent = asyncio.run(_sent(platform, project, seconds))
        spent = cpu_seconds((pid,)) - before
        came: list[float] = []
        for process in processes:
            assert process.stdin
            process.stdin.write("tell\n")
            process.stdin.flush()
        for process in processes:
            came += msgspec.json.decode(_line(process), type=list[float])
        if len(came) < sent * count:
            raise RuntimeError(f"{sent * count - len(came)} of {sent * count} events did not come")
        return came, spent


async def _sent(platform: Platform, project: str, seconds: float) -> int:
    """Have events happen at a steady rate; returns how many."""
    bus = Bus(BusSettings(url=platform.settings.amqp_url or platform.rabbit.url), service="bench")
    await bus.start()
    count = int(seconds * EVENTS_PER_SECOND)
    for number in range(count):
        data = {"state": "running", "note": "x" * 200, "number": number}
        await bus.publish(
            new_event("bench.happened", source="bench", subject="op_bench", project_id=project, data=data)
        )
        await asyncio.sleep(1 / EVENTS_PER_SECOND)
    await asyncio.sleep(SETTLE_SECONDS)
    await bus.stop()
    return count


@contextlib.contextmanager
def _followers(job: Job) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.load.followers"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    try:
        assert process.stdin
        process.stdin.write(msgspec.json.encode(job).decode() + "\n")
        process.stdin.flush()
        yield process
    finally:
        process.kill()
        process.wait(OPEN_SECONDS)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


BENCHMARK = Benchmark("streams", "events to 2,000 clients of one project's stream", measure, needs=(root,), rounds=3)
