"""All knobs of a cloud. They live as long as its process."""

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import TypeVar

from lab.simcloud.clock import precise_stamp
from lab.simcloud.errors import conflict, not_found
from lab.simcloud.knobs.records import AnyKnob, CallKnob, Count, Firing, Knob, WorkKnob
from lab.simcloud.store import new_id

FIRINGS_KEPT = 50
K = TypeVar("K", bound=Knob)


class WorkFault(Exception):
    """A knob says that the work fails; the text is the reason."""


class _Set:
    """A knob on the board."""

    def __init__(self, knob: AnyKnob) -> None:
        self.knob = knob
        self.count = Count()
        self.removed = asyncio.Event()

    def bites(self) -> bool:
        """Counts a match; whether it bites this one."""
        knob, count = self.knob, self.count
        count.matched += 1
        if count.matched < knob.nth or (knob.times is not None and count.fired >= knob.times):
            return False
        if knob.probability == 1:
            return True
        return random.Random(f"{knob.seed} {count.matched}").random() < knob.probability


class Board:
    """Sets, lists and removes knobs, and has them bite."""

    def __init__(self) -> None:
        self._set: dict[str, _Set] = {}
        self._changed = asyncio.Condition()

    def __bool__(self) -> bool:
        """Whether any knob is set."""
        return bool(self._set)

    # -- what the API calls -----------------------------------------------------------------------------------------

    def put(self, knobs: list[AnyKnob]) -> list[AnyKnob]:
        """Sets knobs, all or none; 409 if an id is in use."""
        for knob in knobs:
            knob.id = knob.id or new_id()
        ids = [knob.id for knob in knobs]
        for index, knob_id in enumerate(ids):
            if knob_id in self._set or knob_id in ids[:index]:
                raise conflict(f"There is a knob {knob_id} already: remove it first, or give no id.")
        self._set |= {knob.id: _Set(knob) for knob in knobs}
        return knobs

    def all(self) -> list[tuple[AnyKnob, Count]]:
        """Every knob with its count, in the order of setting."""
        return [(one.knob, one.count) for one in self._set.values()]

    def get(self, knob_id: str) -> tuple[AnyKnob, Count]:
        """One knob with its count; 404 if there is none."""
        if knob_id not in self._set:
            raise not_found(f"There is no knob {knob_id}: GET /v1/knobs lists them.")
        return self._set[knob_id].knob, self._set[knob_id].count

    def remove(self, knob_id: str) -> tuple[AnyKnob, Count]:
        """Removes one knob; what it holds goes on."""
        found = self.get(knob_id)
        self._set.pop(knob_id).removed.set()
        return found

    async def fired(self, knob_id: str, times: int, most_seconds: float) -> tuple[AnyKnob, Count]:
        """The knob with its count, as soon as it has fired so often, or after that time."""
        found = self.get(knob_id)
        try:
            async with asyncio.timeout(most_seconds), self._changed:
                await self._changed.wait_for(lambda: found[1].fired >= times)
        except TimeoutError:
            pass
        return found

    # -- what the cloud calls ---------------------------------------------------------------------------------------

    async def call(self, moment: str, fits: Callable[[CallKnob], bool], what: str) -> CallKnob | None:
        """Waits as the knobs of a call say; the one that decides its end, or None."""
        for one in self._biting(CallKnob, moment, fits):
            knob = await self._bite(one, what)
            if isinstance(knob, CallKnob) and knob.effect in ("error", "drop"):
                return knob
        return None

    async def work(self, kind: str, names: tuple[str, ...], state: str, moment: str = "before") -> None:
        """Waits as the knobs of some work say; raises WorkFault if it is to fail."""
        what = f"{kind} {names[0]} {state}"
        for one in self._biting(WorkKnob, moment, lambda knob: knob.fits(kind, names, state)):
            knob = await self._bite(one, what)
            if isinstance(knob, WorkKnob) and knob.effect == "fail":
                raise WorkFault(knob.reason)

    def _biting(self, kind: type[K], moment: str, fits: Callable[[K], bool]) -> Iterator[_Set]:
        for one in list(self._set.values()):
            knob = one.knob
            if isinstance(knob, kind) and knob.moment == moment and fits(knob) and one.bites():
                yield one

    async def _bite(self, one: _Set, what: str) -> AnyKnob:
        one.count.fired += 1
        one.count.last = [*one.count.last, Firing(precise_stamp(), what)][-FIRINGS_KEPT:]
        async with self._changed:
            self._changed.notify_all()
        if one.knob.delay_seconds:
            await asyncio.sleep(one.knob.delay_seconds)
        if one.knob.effect == "hold":
            await self._hold(one)
        return one.knob

    @staticmethod
    async def _hold(one: _Set) -> None:
        one.count.holding += 1
        try:
            await one.removed.wait()
        finally:
            one.count.holding -= 1
