"""Clouds that do not do what was asked: machines are removed there while they are made, an engine dies in a removal."""

import asyncio
import contextlib
import dataclasses

import msgspec
import pytest
from sqlalchemy import select

from lab.simcloud.knobs.client import Knobs
from services.chassis.saga import Done, OperationStore, Saga, SagaSettings, SagaWorker, Wait
from services.chassis.saga.tables import INTENT
from services.chassis.testing.waiting import until
from services.cluster.adapters.heat import HeatMachineGroups
from services.cluster.sagas import configuration
from services.cluster.sagas.build import BUILD
from services.cluster.sagas.delete import DELETE
from services.cluster.sagas.deps import plan_of
from services.cluster.sagas.follow import follow
from services.cluster.sagas.machines import create_batch
from services.cluster.tests.case import Case

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def unguarded() -> None:
    """Somebody else, who holds no lease."""


def removed_once(case: Case) -> Saga:
    """Return the build, disturbed once: a batch that is just complete is removed at the cloud."""
    removed: list[str] = []

    async def create(ctx):
        outcome = await create_batch(ctx)
        if not isinstance(outcome, Done) or removed:
            return outcome
        removed.append(ctx.unit.key)
        await case.factory.deps.groups.remove(await case.access(), outcome.result["backend_ref"], unguarded)
        return Wait(seconds=0.2)

    steps = [
        msgspec.structs.replace(step, forward=create) if step.name == "create_machines" else step
        for step in BUILD.steps
    ]
    return Saga(BUILD.name, version=BUILD.version, steps=steps)


class Driven:
    """Operations of one cluster, driven by a worker of the test's own."""

    def __init__(self, case: Case, plan_id: str, *sagas: Saga, **deps):
        self.case, self.db, self.plan_id = case, case.factory.db, plan_id
        self.store = OperationStore(sagas, follow)
        given = dataclasses.replace(case.factory.deps, **deps)
        self._worker = SagaWorker(self.db, sagas, given, SagaSettings(poll_seconds=0.1), on_change=follow)

    async def __aenter__(self):
        self._task = asyncio.create_task(self._worker.run())
        return self

    async def __aexit__(self, *_):
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def begun(self, saga: Saga) -> str:
        what = {"project_id": self.case.project, "subject": self.case.cluster_id, "params": {"plan_id": self.plan_id}}
        async with self.db.project(self.case.project) as tx:
            return (await self.store.create(tx, saga, context=self.case.context, **what)).id

    async def tells(self, operation_id: str, words: str) -> None:
        """Return when a note of each batch of machines has held these words."""
        told: set[str] = set()

        async def all_told() -> bool:
            async with self.db.project(self.case.project) as tx:
                steps = await self.store.steps(tx, operation_id)
            (made,) = (step for step in steps if step.name == "create_machines")
            units = made.units or ()
            told.update(unit.key for unit in units if words in (unit.note or ""))
            return bool(units) and told == {unit.key for unit in units}

        await until(all_told, 60)

    async def reach(self, operation_id: str, state: str, *on_the_way: str):
        async def there() -> bool:
            async with self.db.project(self.case.project) as tx:
                operation = await self.store.get(tx, operation_id)
            assert operation.state in (state, "queued", "running", *on_the_way), operation
            found[:] = [operation]
            return operation.state == state

        found: list = []
        await until(there, 60)
        return found[0]


async def test_a_resume_makes_anew_what_was_removed_at_the_cloud(world):
    case = Case(world, (await world.person()).projects[0])
    saga = removed_once(case)
    async with Driven(case, (await case.plan()).id, saga, DELETE) as driven:
        build = await driven.begun(saga)
        parked = await driven.reach(build, "parked")
        assert parked.reason.slug == "machines-failed" and "removed at the cloud" in parked.reason.sentence
        assert parked.reason.runbook.endswith("machines-failed.md")
        async with driven.db.project(case.project) as tx:
            await driven.store.resume(tx, build)
        await driven.reach(build, "succeeded")
        await case.stands()
        await driven.reach(await driven.begun(DELETE), "succeeded")
        await case.gone()


class Revoked(HeatMachineGroups):
    """Each group's first order is no sooner taken than every token of the project's user is revoked."""

    def __init__(self, case: Case):
        super().__init__(case.factory.threads)
        self._keystone = case.world.cloud.connect("admin").identity
        self._project = case.project
        self.revoked: set[str] = set()

    async def create(self, access, spec, guard):
        reference = await super().create(access, spec, guard)
        if spec.key not in self.revoked:
            self.revoked.add(spec.key)
            await asyncio.to_thread(self._revoke)
        return reference

    def _revoke(self):
        for user in self._keystone.users():
            if self._project in user.name:
                for enabled in (False, True):
                    self._keystone.update_user(user, is_enabled=enabled)


async def test_a_build_goes_on_by_itself_when_the_projects_tokens_are_revoked(world):
    case = Case(world, (await world.person()).projects[0])
    async with Driven(case, (await case.plan()).id, BUILD, DELETE, groups=(groups := Revoked(case))) as driven:
        await driven.reach(await driven.begun(BUILD), "succeeded")
        assert groups.revoked == {"shared", "head-0", "compute-0"}
        async with driven.db.project(case.project) as tx:
            renewals = (await tx.execute(select(INTENT.c.key).where(INTENT.c.kind == "cloud.log-in"))).scalars()
        assert any(key.startswith(case.cluster_id) for key in renewals)
        await case.stands()
        await driven.reach(await driven.begun(DELETE), "succeeded")
        await case.gone()


async def test_a_resume_replaces_machines_that_could_be_neither_made_nor_given_back(world):
    alice = await world.person()
    with Knobs(world.cloud.state) as knobs:
        knobs.on_work("node", "fail", state="deploying", reason="The BMC hangs.")
        knobs.on_work("node", "fail", state="deleting", reason="The BMC hangs still.")
        accepted = (await world.create(alice, "neither")).json()
        parked = await world.reach(alice, accepted["operation_id"], "parked", seconds=60)
        assert "The BMC hangs still." in parked["reason"]["evidence"]
        knobs.clear()
    await world.post(alice, f"operations/{parked['id']}/resume")
    await world.reach(alice, parked["id"], "succeeded", seconds=60)


@contextlib.contextmanager
def only_free(world, machines: int):
    """Leave so many machines free at the cloud while the block runs; the others are in maintenance."""
    ironic = world.cloud.connect("system").baremetal
    others = [node.id for node in ironic.nodes(provision_state="available", is_maintenance=False)][machines:]
    for node in others:
        ironic.set_node_maintenance(node, "needed elsewhere")
    try:
        yield
    finally:
        for node in others:
            ironic.unset_node_maintenance(node)


async def test_a_resume_needs_no_machines_but_those_that_failed(world):
    """All BMCs hung for a while, and no other machine is free: the failed ones have to be given back first."""
    alice = await world.person()
    with Knobs(world.cloud.state) as knobs, only_free(world, 2):
        knobs.on_work("node", "fail", state="deploying", reason="The BMC hangs.")
        knobs.on_work("node", "fail", state="deleting", reason="The BMC hangs still.")
        accepted = (await world.create(alice, "no-spare")).json()
        parked = await world.reach(alice, accepted["operation_id"], "parked", seconds=60)
        knobs.clear()
        await world.post(alice, f"operations/{parked['id']}/resume")
        await world.reach(alice, parked["id"], "succeeded", seconds=60)
        await world.deleted(alice, accepted["cluster_id"])


async def test_machines_that_fail_after_heat_counted_them_in_are_made_anew(world):
    """An order is renewed while its machines deploy: Heat counts them in, and does not see that they fail then."""
    case = Case(world, (await world.person()).projects[0])
    with Knobs(world.cloud.state) as knobs:
        held = knobs.on_work("node", "hold", state="deploying")
        knobs.on_work("node", "fail", state="deploying", reason="The BMC hangs.")
        knobs.on_work("node", "fail", state="deleting", reason="The BMC hangs still.")
        async with Driven(case, (await case.plan()).id, BUILD, DELETE, groups=Revoked(case)) as driven:
            build = await driven.begun(BUILD)
            await driven.tells(build, "0 of 1 machines are in service.")
            knobs.on_work("stack", "hold", state="UPDATE")
            knobs.remove(held)
            await driven.tells(build, "The cloud is asked for another machine.")
            knobs.clear()
            await driven.reach(build, "succeeded")
            await case.stands()
            await driven.reach(await driven.begun(DELETE), "succeeded")
            await case.gone()


async def test_an_undo_ends_a_run_that_was_started_and_never_recorded(world):
    """The worker dies between the two: random kills found it."""
    case = Case(world, (await world.person()).projects[0])

    async def start_only(ctx):
        if not world.hosts.going_on(case.cluster_id):
            plan = await plan_of(ctx)
            await configuration._start(ctx, plan, "apply", 1, await configuration.progress_of(ctx, plan, "apply"))
        return Wait(seconds=30)

    steps = [
        msgspec.structs.replace(step, forward=start_only) if step.name == "configure" else step for step in BUILD.steps
    ]
    saga = Saga(BUILD.name, version=BUILD.version, steps=steps)
    world.hosts.unending.add((case.cluster_id, "apply"))
    async with Driven(case, (await case.plan()).id, saga) as driven:
        build = await driven.begun(saga)
        await until(lambda: bool(world.hosts.going_on(case.cluster_id)), 60)
        async with driven.db.project(case.project) as tx:
            await driven.store.request_cancel(tx, build)
        await driven.reach(build, "undone", "cancelling", "undoing")
        assert world.hosts.going_on(case.cluster_id) == []
        await case.gone()


async def test_a_removal_that_stands_still_is_told_of_and_goes_on(world):
    """The cloud's engine dies in the delete of each group; another request has it go on."""
    alice = await world.person()
    cluster = await world.built(alice, "stuck")
    with Knobs(world.cloud.state) as knobs:
        for key in ("shared", "head-0", "compute-0"):
            knobs.on_work("stack", "hold", name=f"stuck-{key}-*", state="DELETE", times=1)
    gone = await world.cluster.client.delete(f"/v1/clusters/{cluster['id']}", headers=world.ask(alice))
    operation_id = gone.json()["operation_id"]
    told: set[str] = set()

    async def ended() -> bool:
        operation = await world.show(alice, f"operations/{operation_id}")
        parts = [*operation["steps"], *(unit for step in operation["steps"] for unit in step["units"] or [])]
        told.update(part.get("key") or part["name"] for part in parts if "stood still" in (part["note"] or ""))
        return operation["state"] == "succeeded"

    await until(ended, 60)
    assert {"remove_shared", "head-0", "compute-0"} <= told
    assert (await world.show(alice, f"clusters/{cluster['id']}"))["state"] == "deleted"
