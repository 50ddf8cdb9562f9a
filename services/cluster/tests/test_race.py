"""Heat's check for a used name races: two creates at once make two stacks. A build does not care."""

import asyncio

import pytest

from services.chassis.auth.credentials import Mandate
from services.chassis.cloud import CloudAccess
from services.chassis.testing.waiting import until
from services.cluster.domain.machine_group import GroupSpec
from services.cluster.reconcilers.orphans import Orphans
from services.cluster.storage.hosts import groups_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
TEMPLATE = "heat_template_version: 2021-04-16\nresources: {}\n"


async def unguarded() -> None:
    """A worker that lost its lease, whose create is still under way."""


class Race:
    """A cluster that is being built, and a rival that creates its groups at the same moment."""

    def __init__(self, world, project, cluster_id):
        self.factory = world.cluster.context
        self.groups = self.factory.deps.groups
        self.project, self.cluster_id = project, cluster_id
        self._mandate = Mandate(world.mandate(project))

    async def access(self) -> CloudAccess:
        found = await self.factory.deps.identity.credential(self.project, "alpha", self._mandate)
        return CloudAccess(found.auth_type, found.auth, found.region, call_seconds=60.0)

    async def rival(self, key: str) -> str:
        """Create a group of the same name; returns when both are there."""
        spec = GroupSpec(self.cluster_id, "raced", key, TEMPLATE, {}, {}, {"operation": "op_lost", "fence": "0"})
        return await self.groups.create(await self.access(), spec, unguarded)

    async def recorded(self) -> set[str]:
        async with self.factory.db.project(self.project) as tx:
            return {row.backend_ref for row in await groups_of(tx, self.cluster_id) if row.backend_ref}

    async def at_the_cloud(self) -> set[str]:
        return {found[0] for found in await self.groups.all_of_platform(await self.access())}


async def test_a_build_whose_every_group_was_made_twice_keeps_its_own_and_the_others_go(world):
    alice = await world.person()
    accepted = (await world.create(alice, "raced")).json()
    race = Race(world, alice.projects[0], accepted["cluster_id"])
    rivals = {await race.rival("shared")}
    rivals |= set(await asyncio.gather(race.rival("head-0"), race.rival("compute-0")))
    await world.reach(alice, accepted["operation_id"], "succeeded", seconds=90)
    ours = await race.recorded()
    assert len(ours) == len(rivals) == 3 and not ours & rivals
    assert await race.at_the_cloud() == ours | rivals
    orphans = Orphans(race.factory)
    await orphans.look()
    await orphans.look()
    await until(lambda: _only(race, ours), 40)
    cluster = await world.show(alice, f"clusters/{accepted['cluster_id']}")
    assert cluster["state"] == "ready" and {host["state"] for host in cluster["hosts"]} == {"ready"}
    await world.deleted(alice, accepted["cluster_id"])
    assert await race.at_the_cloud() == set()


async def _only(race: Race, ours: set[str]) -> bool:
    return await race.at_the_cloud() == ours
