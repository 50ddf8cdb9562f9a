"""``python -m tests.load.machineless.hosts runner serve --config FILE``: runner or relay of hosts without machines.

Each host answers its first probe, and each run succeeds within some milliseconds and is told on the bus, as the real
runner does. So what a build takes is the platform's own time and the cloud's.
"""

import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from services.chassis.command import service_main
from services.chassis.context import Process
from services.chassis.service import Service
from services.cluster.tests.hosts import Hosts, relay_of, runner_of
from services.relay.main import SERVICE as RELAY
from services.runner.main import SERVICE as RUNNER


def runner() -> Service[Any, Any]:
    """A runner that takes the configuration of the real one."""

    @contextlib.asynccontextmanager
    async def context(process: Process) -> AsyncIterator[Hosts]:
        yield Hosts(tell=process.events.publish)

    return replace(runner_of(Hosts()), settings=RUNNER.settings, context=context)


def relay() -> Service[Any, Any]:
    """A relay that takes the configuration of the real one."""
    return replace(relay_of(Hosts()), settings=RELAY.settings)


if __name__ == "__main__":
    made = {"runner": runner, "relay": relay}[sys.argv[1]]()
    sys.exit(service_main(made, sys.argv[2:]))
