"""What our engine is compared with builds, undoes and deletes clusters as ours does, as long as nothing fails."""

import asyncio
import shutil

import pytest
import pytest_asyncio

from tests.faults.lane import Lane
from tests.faults.peers.crews import crews, missing
from tests.faults.stage import new_folder, open_stage

_SECONDS = 60.0
_PEERS = ("naive", "dbos")

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lives():
    """What becomes of clusters with each peer that is here, all at once."""
    folder = new_folder()
    there = {name: crews()[name] for name in _PEERS if not missing(name)}
    async with open_stage(folder, 1, _SECONDS, there) as stage:
        yield {name: asyncio.create_task(_live(lane)) for name, (lane,) in stage.crews.items()}
    shutil.rmtree(folder, ignore_errors=True)


async def _live(lane: Lane) -> None:
    await lane.delete(await lane.build())
    await lane.undo(await lane.half_build("verify"))


@pytest.mark.parametrize("name", _PEERS)
async def test_a_peer_does_the_same_while_nothing_fails(lives, name):
    if reason := missing(name):
        pytest.skip(reason)
    await lives[name]
