"""All kills and a rotating third of the other cells: each comes to its end, and leaves what it should and no more."""

import pytest

from tests.faults import choice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


@pytest.mark.parametrize("cell", [cell.id for cell in choice.kills_and_a_third(choice.seed())])
async def test_cell(results, cell):
    assert cell in results, "not tried: the campaign broke off, and the cells that failed say why"
    result = results[cell]
    assert result.ok, "\n".join((*result.differs, f"again: {result.replay}"))
