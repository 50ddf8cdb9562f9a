"""Orphans, expiry and drift: each look is asked for here, none comes by itself."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from lab.simcloud.tests.running import wait_node
from services.chassis.auth.credentials import Mandate
from services.chassis.cloud import CloudAccess
from services.chassis.outbox.tables import OUTBOX
from services.chassis.testing.waiting import until
from services.cluster.domain.machine_group import GroupSpec, GroupState
from services.cluster.reconcilers.drift import Drift
from services.cluster.reconcilers.expiry import Expiry
from services.cluster.reconcilers.orphans import Orphans
from services.cluster.storage.clusters import change_cluster
from services.cluster.storage.hosts import groups_of
from services.node.storage.holds import get_hold

pytestmark = pytest.mark.asyncio(loop_scope="session")
_SHARED = Path(__file__).parents[3] / "blueprints/slurm/infrastructure/shared.yaml"


async def unguarded() -> None:
    """Nobody else works on these groups."""


@pytest.fixture
def factory(world):
    return world.cluster.context


@pytest.fixture
def looked_for(world, factory):
    """Return the references of what a project has at the cloud and is not being removed."""

    async def references(project):
        access = await access_of(world, project)
        found = [reference for reference, _cluster, _name in await factory.deps.groups.all_of_platform(access)]
        states = {one: (await factory.deps.groups.observe(access, one)).state for one in found}
        return {one for one, state in states.items() if state not in (GroupState.REMOVING, GroupState.GONE)}

    return references


async def access_of(world, project) -> CloudAccess:
    found = await world.cluster.context.deps.identity.credential(project, "alpha", Mandate(world.mandate(project)))
    return CloudAccess(found.auth_type, found.auth, found.region)


async def stray(world, project, cluster_id, key) -> str:
    """Make a group with a cluster's tag that nobody recorded, as one who lost a race leaves it."""
    spec = GroupSpec(cluster_id, "stray", key, _SHARED.read_text(), {}, {"network": "provision"}, {"operation": "op_x"})
    return await world.cluster.context.deps.groups.create(await access_of(world, project), spec, unguarded)


async def recorded(factory, project, cluster_id) -> set[str]:
    async with factory.db.project(project) as tx:
        return {row.backend_ref for row in await groups_of(tx, cluster_id)}


async def test_what_nobody_owns_goes_after_two_looks_and_what_is_recorded_stays(world, factory, looked_for):
    alice = await world.person()
    (project,) = alice.projects
    old = await world.built(alice, "old")
    await world.deleted(alice, old["id"])
    cluster = await world.built(alice, "living")
    ours = await recorded(factory, project, cluster["id"])
    strays = {await stray(world, project, old["id"], "a"), await stray(world, project, cluster["id"], "b")}
    orphans = Orphans(factory)
    await orphans.look()
    assert await looked_for(project) == ours | strays
    await orphans.look()
    assert await looked_for(project) == ours
    await orphans.look()
    await world.deleted(alice, cluster["id"])


async def test_nothing_is_taken_from_a_cluster_that_is_worked_on(world, factory, looked_for):
    alice = await world.person()
    (project,) = alice.projects
    world.hosts.failing.add("users")
    accepted = (await world.create(alice, "worked-on")).json()
    await world.reach(alice, accepted["operation_id"], "parked")
    extra = await stray(world, project, accepted["cluster_id"], "a")
    orphans = Orphans(factory)
    for _ in range(3):
        await orphans.look()
    assert extra in await looked_for(project)
    await world.deleted(alice, accepted["cluster_id"])
    for _ in range(2):
        await orphans.look()
    assert await looked_for(project) == set()


async def test_a_project_that_never_asked_for_machines_gets_no_place_at_the_cloud(world):
    alice = await world.person()
    assert (await world.create(alice, "queued", world.idle)).status_code == 202
    await Orphans(world.idle.context).look()
    names = [
        one.name for one in await asyncio.to_thread(lambda: list(world.cloud.connect("admin").identity.projects()))
    ]
    assert names and not any(alice.projects[0] in name for name in names)


async def ends(factory, project, cluster_id, **ago) -> None:
    async with factory.db.project(project) as tx:
        await change_cluster(tx, cluster_id, expires_at=datetime.now(UTC) - timedelta(**ago))


async def notices(factory, cluster_id) -> int:
    async with factory.db.unscoped() as tx:
        bodies = (await tx.execute(select(OUTBOX.c.body).where(OUTBOX.c.subject == cluster_id))).scalars()
        return sum(json.loads(body)["type"] == "cluster.expiring" for body in bodies)


async def test_an_end_is_told_once_and_comes_after_the_grace_time(world, factory):
    alice = await world.person()
    cluster = await world.built(alice, "ending")
    expiry, path = Expiry(factory), f"clusters/{cluster['id']}"
    await ends(factory, alice.projects[0], cluster["id"], minutes=1)
    for _ in range(3):
        await expiry.look()
    assert await notices(factory, cluster["id"]) == 1 and (await world.show(alice, path))["state"] == "ready"
    await ends(factory, alice.projects[0], cluster["id"], days=1)
    await expiry.look()
    assert await notices(factory, cluster["id"]) == 2 and (await world.show(alice, path))["state"] == "ready"
    await expiry.look()
    operation = (await world.show(alice, path))["operation_id"]
    await world.reach(alice, operation, "succeeded")
    node = world.running["node"].context
    async with node.db.all_projects(purpose="test") as tx:
        assert await get_hold(tx, cluster["id"]) is None


async def test_a_locked_cluster_is_kept_and_a_parked_build_is_undone(world, factory):
    alice = await world.person()
    world.hosts.failing.add("users")
    accepted = (await world.create(alice, "expired", locked=True)).json()
    await world.reach(alice, accepted["operation_id"], "parked")
    await ends(factory, alice.projects[0], accepted["cluster_id"], days=1)

    async def undone() -> bool:
        return (await world.show(alice, f"operations/{accepted['operation_id']}"))["state"] == "undone"

    expiry = Expiry(factory)
    for _ in range(3):
        await expiry.look()
    assert (await world.show(alice, f"operations/{accepted['operation_id']}"))["state"] == "parked"
    async with factory.db.project(alice.projects[0]) as tx:
        await change_cluster(tx, accepted["cluster_id"], locked=False)
    for _ in range(2):
        await expiry.look()
    await until(undone, 40)


async def test_drift_is_told_and_gone_when_it_is_mended(world, factory):
    alice = await world.person()
    cluster = await world.built(alice, "drifting")
    path, drift = f"clusters/{cluster['id']}", Drift(factory)
    host = cluster["hosts"][1]
    system = world.cloud.connect("system")
    watch = world.running["node"].context.watches["alpha"]

    async def after(call, *arguments):
        await asyncio.to_thread(call, *arguments)
        await asyncio.to_thread(wait_node, system, host["node_name"], "active")
        await watch.look()
        await drift.look()
        found = await world.show(alice, path)
        return found["state"], found["reason"]

    await drift.look()
    assert (await world.show(alice, path))["state"] == "ready"
    state, reason = await after(system.baremetal.set_node_maintenance, host["node_name"], "bad fan")
    assert state == "degraded" and reason.startswith(f"{host['name']}: Node {host['node_name']} is in maintenance")
    assert await after(system.baremetal.unset_node_maintenance, host["node_name"]) == ("ready", None)
    await asyncio.to_thread(system.baremetal.set_node_power_state, host["node_name"], "power off")
    await until(lambda: system.baremetal.get_node(host["node_name"]).power_state == "power off", 20)
    state, reason = await after(lambda: None)
    assert state == "degraded" and "is power off" in reason
    await world.deleted(alice, cluster["id"])
