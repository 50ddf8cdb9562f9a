"""Uploads that nobody should send: what the worst of them costs, beside an ordinary blueprint in the same rounds."""

import asyncio
import json
import statistics
import time
from pathlib import Path

from services.blueprint.adapters.bounded import BoundedValidation
from services.blueprint.domain.element import element_of
from services.blueprint.domain.files import read_folder
from services.blueprint.tests.folders import texts_below
from services.blueprint.tests.hostile import HOSTILE
from services.blueprint.validate import Task
from tests.load.benchmark import Benchmark, Run
from tests.load.figures import Figure, Peer, at_most

_ROOT = Path(__file__).parents[3]
_ORDINARY = "ordinary"
_MEGABYTE = 2**20

Samples = dict[str, list[tuple[float, float]]]
"""By input, of each round: milliseconds until the answer, and megabytes beyond what the process begins with."""


def measure(run: Run) -> list[Figure]:
    """Every hostile input and the blueprint ``slurm`` in turn, round by round."""
    samples = asyncio.run(_samples(run, _tasks()))
    return [_worst("time of the worst", "ms", samples, 0, 100), _worst("memory of the worst", "MB", samples, 1, 64)]


def _tasks() -> dict[str, Task]:
    schema = json.loads((_ROOT / "blueprints/blueprint.schema.json").read_text())
    found = [element_of(read_folder(path.parent)) for path in (_ROOT / "elements").glob("*/element.yaml")]
    known = {one.name: {one.version: one} for one in found}
    slurm = Task(kind="blueprint", schema=schema, texts=texts_below(_ROOT / "blueprints/slurm"), elements=known)
    hostile = {
        name: Task(kind="blueprint", schema=schema, texts=one.texts, archive=one.archive, elements=known)
        for name, one in HOSTILE.items()
    }
    return {_ORDINARY: slurm, **hostile}


async def _samples(run: Run, tasks: dict[str, Task]) -> Samples:
    validation = BoundedValidation()
    samples: Samples = {name: [] for name in tasks}
    try:
        nothing = Task(kind="blueprint", schema={}, texts={"README.md": ""})
        begun_with = (await validation.measured(nothing)).peak_bytes
        for number in range(run.rounds):
            for name, task in tasks.items():
                begun = time.perf_counter()
                ended = await validation.measured(task)
                milliseconds = 1000 * (time.perf_counter() - begun)
                if not ended.checked:
                    raise RuntimeError(f"{name} was given up: {ended}")
                samples[name].append((milliseconds, (ended.peak_bytes - begun_with) / _MEGABYTE))
            run.say(f"round {number + 1} of {run.rounds}: {len(tasks)} uploads")
    finally:
        await validation.close()
    return samples


def _worst(name: str, unit: str, samples: Samples, of: int, limit: float) -> Figure:
    """Return the figure of the input whose median is the highest."""
    medians = {one: statistics.median(taken[of] for taken in found) for one, found in samples.items()}
    peer = Peer(_ORDINARY, medians.pop(_ORDINARY), tuple(taken[of] for taken in samples[_ORDINARY]))
    worst = max(medians, key=lambda one: medians[one])
    values = tuple(taken[of] for taken in samples[worst])
    return Figure(f"{name} ({worst})", medians[worst], unit, values, peer, at_most(limit))


BENCHMARK = Benchmark(
    "hostile", "hostile uploads, each to its refusal, against an ordinary blueprint", measure, rounds=5
)
