"""The cells that a test run chose are tried once, all together; each is then a test of its own."""

import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.campaign import Campaign
from tests.faults.choice import matching
from tests.faults.results import Result
from tests.faults.stage import new_folder, open_stage

_LANES = 4
_SECONDS = 60.0


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def results(request: pytest.FixtureRequest) -> AsyncIterator[dict[str, Result]]:
    """What came of each cell whose test is among those that are run."""
    wanted = [item.callspec.params["cell"] for item in request.session.items if "results" in _fixtures(item)]
    folder = new_folder()
    tried: dict[str, Result] = {}
    async with open_stage(folder, min(_LANES, len(wanted)), _SECONDS) as stage:
        await Campaign(stage, lambda result: tried.__setitem__(result.cell, result)).run(matching(wanted))
    yield tried
    if all(result.ok for result in tried.values()):
        shutil.rmtree(folder, ignore_errors=True)


def _fixtures(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])
