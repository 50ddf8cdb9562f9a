"""A worker of the sample in a process of its own, which a test may kill or stop."""

import asyncio
import multiprocessing
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path

from services.chassis.db import Database, DatabaseSettings
from services.chassis.saga import SagaSettings, SagaWorker
from services.chassis.testing.sample.saga import BUILD, tell
from services.chassis.testing.sample.world import SignalOnce, World

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload([__name__])


def start(
    settings: DatabaseSettings,
    saga: SagaSettings,
    folder: Path,
    prefixes: tuple[str, ...] = (),
    sign: signal.Signals = signal.SIGKILL,
) -> BaseProcess:
    """Start a worker that sends itself ``sign``, once at each point that begins with one of ``prefixes``."""
    process = _FORKED.Process(target=_main, args=(settings, saga, folder, prefixes, sign), daemon=True)
    process.start()
    return process


def _main(
    settings: DatabaseSettings, saga: SagaSettings, folder: Path, prefixes: tuple[str, ...], sign: signal.Signals
) -> None:
    asyncio.run(_work(settings, saga, World(folder, SignalOnce(folder / "signals", prefixes, sign))))


async def _work(settings: DatabaseSettings, saga: SagaSettings, world: World) -> None:
    db = Database(settings, service="sample")
    worker = SagaWorker(db, [BUILD], world, saga, on_change=world.telling(tell))
    await worker.run()
