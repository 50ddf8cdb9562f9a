"""Requests as fast as answers come, by wrk: its own CPU is a small part of what it measures."""

import json
import subprocess
import tempfile
from dataclasses import dataclass

from tests.load.measure import cpu_seconds

_GRACE_SECONDS = 30.0
_TELL = """
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('\\n{"requests": %d, "micros": %d, "failed": %d, "p50": %d, "p99": %d}\\n',
    summary.requests, summary.duration, errors.connect + errors.read + errors.write + errors.timeout + errors.status,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Storm:
    """What came of one round: ``cpu_micros`` is of the processes asked about, for each request."""

    rate: float
    p50_millis: float
    p99_millis: float
    cpu_micros: float


def storm(url: str, headers: dict[str, str], pids: tuple[int, ...], connections: int, seconds: float) -> Storm:
    """Ask for ``seconds`` over so many connections; raises RuntimeError if an answer failed or there was none."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_TELL)
        script.flush()
        said = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", script.name, *said, url]
        before = cpu_seconds(pids)
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + _GRACE_SECONDS, check=True)
        spent = cpu_seconds(pids) - before
    told = json.loads(done.stdout.splitlines()[-1])
    if told["failed"] or not told["requests"]:
        raise RuntimeError(f"{told['failed']} of {told['requests']} requests to {url} failed")
    return Storm(
        rate=1e6 * told["requests"] / told["micros"],
        p50_millis=told["p50"] / 1000,
        p99_millis=told["p99"] / 1000,
        cpu_micros=1e6 * spent / told["requests"],
    )
