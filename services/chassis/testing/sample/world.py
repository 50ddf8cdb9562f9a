"""Something outside for the sample's saga: a folder whose files outlive the processes that make them."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.saga.model import Change, OnChange, Operation


class World:
    """Each file of ``things`` is something that exists outside. ``visit`` is told of each point of each call.

    Points are named ``<call>:<thing>:before``, ``:effect`` (it is done, the reply is on its way) and ``:reply``.
    """

    def __init__(self, folder: Path, visit: Callable[[str], None] = lambda point: None) -> None:
        self._things = folder / "things"
        self._things.mkdir(parents=True, exist_ok=True)
        self._calls = folder / "calls"
        self._visit = visit

    async def create(self, name: str, tags: dict[str, str]) -> None:
        """Make a thing. Like Heat it does not mind a second one of the same name: nothing outside protects us."""
        await self._call("create", name, lambda: self._add(name, tags))

    async def delete(self, name: str) -> None:
        """Remove all things of a name; none is fine."""
        await self._call("delete", name, lambda: self._remove(name))

    def find(self, name: str) -> list[dict[str, str]]:
        """Return the tags of all things of a name."""
        return [json.loads(path.read_text()) for path in sorted(self._things.glob(f"{name}.*"))]

    def names(self) -> list[str]:
        """Return the names of all things, doubles twice."""
        return sorted(path.name.rpartition(".")[0] for path in self._things.iterdir())

    def calls(self) -> list[str]:
        """Return all calls that reached the outside."""
        return self._calls.read_text().splitlines() if self._calls.exists() else []

    def telling(self, on_change: OnChange) -> OnChange:
        """Return ``on_change`` with a point of its own: ``write:<step>-<unit>:<state>``, just before the commit."""

        async def tell(transaction: AsyncConnection, operation: Operation, change: Change) -> None:
            await on_change(transaction, operation, change)
            self._visit(f"write:{change.phase}-{change.step}-{change.unit}:{change.state}")

        return tell

    async def _call(self, kind: str, name: str, effect: Callable[[], None]) -> None:
        self._visit(f"{kind}:{name}:before")
        await asyncio.sleep(0)
        with self._calls.open("a") as calls:
            calls.write(f"{kind} {name}\n")
        effect()
        self._visit(f"{kind}:{name}:effect")
        await asyncio.sleep(0)
        self._visit(f"{kind}:{name}:reply")

    def _add(self, name: str, tags: dict[str, str]) -> None:
        path = self._things / f"{name}.{os.urandom(4).hex()}"
        path.write_text(json.dumps(tags))

    def _remove(self, name: str) -> None:
        for path in self._things.glob(f"{name}.*"):
            path.unlink(missing_ok=True)


class SignalOnce:
    """A visitor that sends its own process a signal, once at each of some points, and leaves a mark that it did."""

    def __init__(self, marks: Path, prefixes: tuple[str, ...], sign: signal.Signals) -> None:
        self._marks = marks
        self._prefixes = prefixes
        self._sign = sign
        marks.mkdir(parents=True, exist_ok=True)

    def __call__(self, point: str) -> None:
        mark = self._marks / point.replace(":", "_")
        if point.startswith(self._prefixes) and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), self._sign)
