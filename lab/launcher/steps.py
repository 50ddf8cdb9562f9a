"""Work as steps that name what they need: those that can run at the same time do, in threads, and each is shown."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from lab.launcher.display import Display


@dataclass(frozen=True)
class Step:
    """One piece of work: ``sentence`` is what people read while it runs; it starts when all ``needs`` are done."""

    name: str
    sentence: str
    work: Callable[[], object]
    needs: tuple[str, ...] = ()


class StepFailed(RuntimeError):
    """A step failed; the message says which, why, and what to look at."""


def run_steps(steps: Sequence[Step], display: Display) -> None:
    """Run all steps in the order of their needs. Raises StepFailed after the steps under way have ended.

    ``needs`` may name steps that are not in ``steps``: those count as done.
    """
    present = {step.name for step in steps}
    waiting = list(steps)
    done: set[str] = set()
    running: dict[Future[object], Step] = {}
    failures: list[str] = []
    with ThreadPoolExecutor(max_workers=max(1, len(steps)), thread_name_prefix="step") as threads:
        while running or (waiting and not failures):
            for step in [s for s in waiting if not failures and set(s.needs) & present <= done]:
                waiting.remove(step)
                running[threads.submit(_shown, step, display)] = step
            if not running:
                raise ValueError(f"steps need each other in a circle: {', '.join(s.name for s in waiting)}")
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                step = running.pop(future)
                if (error := future.exception()) is not None:
                    failures.append(f"{step.sentence}: {error}")
                done.add(step.name)
    if failures:
        raise StepFailed("\n".join(failures))


def _shown(step: Step, display: Display) -> object:
    display.begin(step.sentence)
    begun = time.monotonic()
    try:
        result = step.work()
    except BaseException:
        display.fail(step.sentence, time.monotonic() - begun)
        raise
    display.finish(step.sentence, time.monotonic() - begun)
    return result
