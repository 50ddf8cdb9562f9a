"""The watch goes on while Ironic is away, and what the copy held stays readable, with its age."""

import asyncio

import pytest

from services.chassis.errors import Unavailable
from services.chassis.testing.waiting import until


async def test_ironic_away(node, operator, cloud):
    watch = node.context.watches["alpha"]
    before = await node.client.get("/v1/nodes/bm-0", headers=operator())
    cloud.stop()
    try:
        with pytest.raises(Unavailable):
            await watch.look()
        task = asyncio.create_task(watch.run())
        await asyncio.sleep(0.2)
        assert not task.done()
        seen = await node.client.get("/v1/nodes/bm-0", headers=operator())
        assert seen.status_code == 200 and seen.json()["seen_at"] == before.json()["seen_at"]
        assert (await node.client.get("/readyz")).status_code == 200
        refused = await node.client.put("/v1/nodes/bm-0/maintenance", json={"reason": "x"}, headers=operator())
        assert refused.status_code == 503
    finally:
        cloud.start()

    async def fresh() -> bool:
        answer = await node.client.get("/v1/nodes/bm-0", headers=operator())
        return answer.json()["seen_at"] > before.json()["seen_at"]

    try:
        await until(fresh, 20)
    finally:
        task.cancel()
