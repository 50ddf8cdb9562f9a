"""Filling the cloud in bulk, by the knobs' API."""

from typing import Any

from sanic import HTTPResponse, Request

from lab.simcloud.api.app import answer, body_of
from lab.simcloud.cloud import Cloud
from lab.simcloud.knobs.requests import converted, require_right
from lab.simcloud.seed import Seed, Seeder


class SeedRoutes:
    """The noun `seed`."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [("POST", "/v1/seed", self.create)]

    async def create(self, request: Request) -> HTTPResponse:
        """POST /v1/seed: adds nodes and stacks; answers with how many there are when all are there."""
        seed = converted(body_of(request), Seed)
        require_right(list(seed.mistakes()))
        await Seeder(self._cloud, seed).run()
        return answer({"nodes": self._cloud.nodes.table.count(), "stacks": self._stacks()}, 201)

    def _stacks(self) -> int:
        return self._cloud.engine.stacks.table.count(parent_id=None, deleted=False)
