"""A campaign whose workers are gone says so of the cells under way, and tries no more."""

import pytest

from tests.faults.campaign import Campaign
from tests.faults.choice import matching
from tests.faults.lane import WorkersGone
from tests.faults.stage import Stage


class _WithoutWorkers:
    """A lane whose workers have ended."""

    life = None

    def __init__(self, name):
        self.name = name

    async def build(self, *_):
        raise WorkersGone("the workers' parent has ended")

    half_build = build

    async def abandon(self): ...


@pytest.mark.parametrize("fault", ["kill", "database"])
async def test_it_breaks_off(fault):
    told = []
    stage = Stage({"lane": [_WithoutWorkers(f"lane-{number}") for number in range(2)]}, None, None)
    await Campaign(stage, told.append).run(matching([f"*/{fault}"]))
    assert [result.differs for result in told] == [("the workers' parent has ended",)] * len(told)
    assert 1 <= len(told) <= 2
