"""A filtered page of ``GET /v1/nodes`` among 10^5 nodes: at any depth, against the first page of the same list."""

import asyncio
import json
import time
from typing import Any

import aiohttp

from lab.launcher.accounts import OPERATOR
from lab.launcher.platform import Platform
from tests.load import seeds
from tests.load.benchmark import Benchmark, Run
from tests.load.figures import Figure, as_peer, at_most, p99
from tests.load.inside import headers_for
from tests.load.needs import root
from tests.load.platform import running, token_of

SERVICE = "node"
FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"state": "available"},
    {"state": "error"},
    {"cloud_id": "bench-3"},
    {"resource_class": "gpu"},
    {"power": "power on"},
    {"maintenance": "true"},
    {"cloud_id": "bench-1", "state": "active", "resource_class": "baremetal-1"},
)
DEPTHS = 40
"""How many places of each list are looked at, from its beginning to its end."""
_STRIDE = 500
AIM_MILLIS = 10.0


def measure(run: Run) -> list[Figure]:
    """Milliseconds of a page, as the service's caller sees it."""
    with running(run.display) as platform:
        token = token_of(platform, OPERATOR)
        seeds.nodes(platform)
        deep: dict[str, list[float]] = {}
        first: dict[str, list[float]] = {}
        for one in FILTERS:
            name = ", ".join(f"{key}={value}" for key, value in one.items()) or "no filter"
            headers = headers_for(platform, token, SERVICE)
            deep[name], first[name] = asyncio.run(_walked(platform, headers, one, run.rounds))
            run.say(f"{name}: {len(deep[name])} pages")
    return [
        p99(f"p99 of a page, {name}", "ms", deep[name], at_most(AIM_MILLIS), as_peer(p99("first", "ms", first[name])))
        for name in deep
    ]


async def _walked(
    platform: Platform, headers: dict[str, str], wanted: dict[str, str], rounds: int
) -> tuple[list[float], list[float]]:
    """The times of pages all through a list, and of its first page asked in between."""
    deep: list[float] = []
    first: list[float] = []
    base = f"http://127.0.0.1:{platform.settings.port_of(SERVICE)}"
    async with aiohttp.ClientSession(base, headers=headers) as session:
        places = await _places(session, wanted)
        for _ in range(rounds):
            for cursor in places:
                deep.append(await _millis(session, wanted | cursor))
                first.append(await _millis(session, wanted))
    return deep, first


async def _places(session: aiohttp.ClientSession, wanted: dict[str, str]) -> list[dict[str, str]]:
    """Cursors all through the list, the beginning and the end among them."""
    found: list[dict[str, str]] = [{}]
    while cursor := (await _page(session, wanted | found[-1] | {"limit": str(_STRIDE)}))["next_cursor"]:
        found.append({"cursor": cursor})
    return found[:: max(1, len(found) // DEPTHS)] + found[-1:]


async def _millis(session: aiohttp.ClientSession, query: dict[str, str]) -> float:
    asked = time.monotonic()
    await _asked(session, query)
    return 1000 * (time.monotonic() - asked)


async def _page(session: aiohttp.ClientSession, query: dict[str, str]) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(await _asked(session, query))
    return page


async def _asked(session: aiohttp.ClientSession, query: dict[str, str]) -> bytes:
    async with session.get("/v1/nodes", params=query) as answer:
        answer.raise_for_status()
        return await answer.read()


BENCHMARK = Benchmark("nodes", "a page of 10^5 nodes, filtered and at any depth", measure, needs=(root,))
