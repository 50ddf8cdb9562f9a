"""Lives that a seed draws: what becomes of the cluster, and after how many things done its workers are killed."""

import time
import traceback
from random import Random
from typing import NamedTuple

import msgspec

from tests.faults.lane import Differs, Lane, WorkersGone

_UNDONE = 0.2
_MOST_BETWEEN = 150
_KILLS = (5, 15)


class Life(NamedTuple):
    """One cluster: built and deleted, or cancelled while its run of the phase ``undone_in`` is under way and undone."""

    seed: str
    number: int
    undone_in: str | None
    kills: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.seed}/{self.number}"

    @property
    def replay(self) -> str:
        """The command that lives just this one."""
        return f'make faults-long ARGS="--seed {self.seed} --only {self.number}"'


class Lived(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a life: what its workers were about when they were killed, and what differs from what should be."""

    number: int
    undone: bool
    killed: list[str]
    seconds: float
    differs: tuple[str, ...] = ()


def drawn(seed: str, number: int) -> Life:
    """Return the life of this number; the same for the same seed."""
    dice = Random(f"{seed}/{number}")
    undone_in = dice.choice(("apply", "verify")) if dice.random() < _UNDONE else None
    kills = tuple(dice.randint(1, _MOST_BETWEEN) for _ in range(dice.randint(*_KILLS)))
    return Life(seed, number, undone_in, kills)


async def live(lane: Lane, life: Life) -> Lived:
    """Take a cluster through a life on a lane. What it leaves is judged when it stands and when it is gone.

    Raises WorkersGone: then it was no life.
    """
    begun = time.monotonic()
    lane.countdown.draw(life.name, life.kills)
    differs: tuple[str, ...] = ()
    try:
        if life.undone_in:
            await lane.undo(await lane.half_build(life.undone_in))
        else:
            await lane.delete(await lane.build())
    except WorkersGone:
        raise
    except Differs as found:
        differs = found.args
    except Exception:
        differs = ("the harness did not expect this:", traceback.format_exc())
    killed = lane.countdown.killed(life.name)
    lane.countdown.stop()
    if differs:
        await lane.abandon()
    seconds = round(time.monotonic() - begun, 1)
    return Lived(number=life.number, undone=bool(life.undone_in), killed=killed, seconds=seconds, differs=differs)
