"""One launcher at a time works on a state folder."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from lab.launcher.processes import ServerFailed


@contextlib.contextmanager
def only_one(state: Path, task: str) -> Iterator[None]:
    """Hold a task on a state folder while the block runs; the kernel lets go of it when the process ends.

    Raises ServerFailed where another launcher is at it.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / f"{task}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise ServerFailed(f"Another launcher works on {lock.name}; wait for it.") from taken
        yield
