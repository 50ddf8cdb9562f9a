"""What must be there at the end of a cell, by what the cloud, all databases and the recorder hold; and nothing else."""

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, select

from services.chassis.bus import Event
from services.chassis.db import Database
from services.chassis.outbox.tables import OUTBOX
from services.chassis.saga.tables import OPERATION, STEP, UNIT
from services.cluster.storage.clusters import get_cluster
from services.cluster.storage.hosts import groups_of
from services.cluster.storage.runs import RUN_ENDED, states_of_runs
from services.cluster.tests.world import World
from services.node.schema import allocations, hold_items, holds
from services.secrets.schema import cluster_authority, sealed_value
from tests.faults.recorder import Recorder, told

_GROUPS = 3
_OTHERS = ("networks", "subnets", "security_groups")
"""Kinds of things at the cloud of which a cluster of the small blueprint has none."""


class Oracle:
    """Says what differs from what should be, in sentences; none when all is well."""

    def __init__(self, world: World, recorder: Recorder) -> None:
        self._world = world
        self._recorder = recorder

    async def of_built(self, lane: str, project: str, cluster_id: str) -> list[str]:
        """Judge a cluster that should stand: once, whole, and known everywhere as the same."""
        db = self._database(lane)
        async with db.project(project) as tx:
            cluster, groups = await get_cluster(tx, cluster_id), await groups_of(tx, cluster_id)
        assert cluster is not None
        async with db.project(project) as tx:
            authority = await _kept(tx, cluster_id, "make_authority", "public_key")
            hold = await _kept(tx, cluster_id, "hold_capacity", "hold")
        there, servers = self._at_the_cloud(project), sorted(host.server_id or "" for host in cluster.hosts)
        held = await self._held(project, cluster_id)
        return [
            *_unless((cluster.state, cluster.operation_id), ("ready", None), "the cluster's state and operation"),
            *_unless({host.state for host in cluster.hosts}, {"ready"}, "states of hosts"),
            *_unless([host.name for host in cluster.hosts if not host.node_name], [], "hosts without a node"),
            *_unless(there["stacks"], sorted(group.backend_ref or "" for group in groups), "stacks, to those recorded"),
            *_unless(len(groups), _GROUPS, "machine groups"),
            *_unless(there["servers"], servers, "servers, to those of the hosts"),
            *_unless(len(there["ports"]), len(servers), "ports"),
            *_unless({kind: there[kind] for kind in _OTHERS if there[kind]}, {}, "other things at the cloud"),
            *_unless(held, {"holds": ["allocated"], "allocations": servers}, "what node holds"),
            *_unless(await self._holds(project, cluster_id), [hold], "its hold, to the one that its build keeps"),
            *_unless(
                await self._authorities(project, cluster_id),
                [authority],
                "its authority, to the one its machines trust",
            ),
            *_unless(self._runs(cluster_id), ["apply", "verify"], "runs that the runner was given"),
            *self._doubles(project),
        ]

    async def of_gone(self, lane: str, project: str, cluster_id: str) -> list[str]:
        """Judge a cluster that should have left nothing but its history."""
        db = self._database(lane)
        async with db.project(project) as tx:
            cluster, groups = await get_cluster(tx, cluster_id), await groups_of(tx, cluster_id)
            states = await states_of_runs(tx, cluster_id)
        assert cluster is not None
        nothing: dict[str, Any] = {"holds": [], "allocations": []}
        runs = Counter(self._runs(cluster_id))
        return [
            *_unless((cluster.state, cluster.operation_id), ("deleted", None), "the cluster's state and operation"),
            *_unless({host.state for host in cluster.hosts}, {"removed"}, "states of hosts"),
            *_unless([group.key for group in groups], [], "machine groups"),
            *_unless([run for run, state in states.items() if state not in RUN_ENDED], [], "runs that have not ended"),
            *_unless(self._world.hosts.going_on(cluster_id), [], "runs that go on at the runner"),
            *_unless(self._bereft(cluster_id), [], "runs whose machines were taken away under them"),
            *_unless({phase: n for phase, n in runs.items() if n > 1}, {}, "runs of a phase beyond the first"),
            *_unless({kind: ids for kind, ids in self._at_the_cloud(project).items() if ids}, {}, "left at the cloud"),
            *_unless(await self._held(project, cluster_id), nothing, "what node holds"),
            *_unless(await self._secrets(project, cluster_id), 0, "secrets and authorities"),
            *self._doubles(project),
        ]

    def left(self, project: str) -> list[str]:
        """Say what is at the cloud in the moment in which the operation that takes a cluster away has ended."""
        there = {kind: ids for kind, ids in self._at_the_cloud(project).items() if ids}
        return _unless(there, {}, "at the cloud when the operation had ended")

    async def of_operations(self, lane: str, project: str, cluster_id: str, *ends: str) -> list[str]:
        """Judge the operations of a cluster: each ended as it should, and no step of it is left in the middle."""
        query = select(OPERATION.c.id, OPERATION.c.state, OPERATION.c.lease_owner)
        query = query.where(OPERATION.c.subject == cluster_id).order_by(OPERATION.c.created_at)
        async with self._database(lane).project(project) as tx:
            rows = (await tx.execute(query)).all()
            middle = select(STEP.c.name).where(STEP.c.operation_id.in_([row.id for row in rows]))
            stuck = (await tx.execute(middle.where(STEP.c.state.in_(("running", "failed"))))).scalars().all()
        return [
            *_unless([row.state for row in rows], list(ends), "how the operations ended"),
            *_unless([row.id for row in rows if row.lease_owner], [], "leases that are held of what has ended"),
            *_unless(list(stuck), [], "steps in the middle"),
        ]

    async def has_heard(self, lane: str, operation_id: str) -> bool:
        """Tell whether all that an operation's outbox had to tell has left and arrived."""
        db = self._database(lane)
        if await told(db, operation_id, unsent=True):
            return False
        return set(await told(db, operation_id)) <= set(await self._recorder.of(operation_id))

    async def heard(self, operation_id: str) -> list[Event]:
        """Return what took effect of what was told of an operation, in that order."""
        return await self._recorder.heard(operation_id)

    async def of_events(self, lane: str, operation_id: str) -> list[str]:
        """Judge what was told of an operation: everything, once, in its order."""
        db = self._database(lane)
        wrote, heard = await told(db, operation_id), await self._recorder.of(operation_id)
        lost, twice = [one for one in wrote if one not in heard], [one for one, n in Counter(heard).items() if n > 1]
        return [
            *_unless(lost, [], "events that were lost"),
            *_unless(twice, [], "events that took effect twice"),
            *([] if lost or twice else _unless(heard, wrote, "the order of events")),
            *_unless(await _done_twice(db, operation_id), [], "parts that were told to be done more than once"),
        ]

    def _database(self, lane: str) -> Database:
        return self._world.running[lane].process.database

    def stands(self, cluster_id: str) -> bool:
        """Tell whether nobody has begun to take a cluster's machines away."""
        stacks = [row for row in self._rows("stacks") if cluster_id in row["tags"] and not row["parent_id"]]
        return bool(stacks) and all(row["action"] != "DELETE" for row in stacks)

    def _bereft(self, cluster_id: str) -> list[str]:
        hosts = self._world.hosts
        return [run for run in hosts.bereft if hosts.requests[run].cluster.id == cluster_id]

    def _runs(self, cluster_id: str) -> list[str]:
        return [one.phase for one in self._world.hosts.requests.values() if one.cluster.id == cluster_id]

    async def _held(self, project: str, cluster_id: str) -> dict[str, list[str]]:
        async with self._world.running["node"].process.database.project(project) as tx:
            held = list((await tx.execute(select(holds.c.state).where(holds.c.cluster_id == cluster_id))).scalars())
            query = select(allocations.c.server_id).where(allocations.c.cluster_id == cluster_id)
            allocated = sorted((await tx.execute(query)).scalars())
            items = (await tx.execute(select(func.count()).select_from(hold_items))).scalar_one()
        return {"holds": held if bool(items) == bool(held) else [*held, f"{items} items"], "allocations": allocated}

    async def _holds(self, project: str, cluster_id: str) -> list[str]:
        async with self._world.running["node"].process.database.project(project) as tx:
            return list((await tx.execute(select(holds.c.id).where(holds.c.cluster_id == cluster_id))).scalars())

    async def _authorities(self, project: str, cluster_id: str) -> list[str]:
        """Return the public halves of a cluster's authorities."""
        query = select(cluster_authority.c.public_key).where(cluster_authority.c.cluster_id == cluster_id)
        async with self._world.running["secrets"].process.database.project(project) as tx:
            return list((await tx.execute(query)).scalars())

    async def _secrets(self, project: str, cluster_id: str) -> int:
        """Count a cluster's authorities and sealed values."""
        sealed = sealed_value.c.reference.startswith(f"clusters/{cluster_id}/")
        async with self._world.running["secrets"].process.database.project(project) as tx:
            authorities = await _count(tx, cluster_authority, cluster_authority.c.cluster_id == cluster_id)
            return authorities + await _count(tx, sealed_value, sealed)

    def _at_the_cloud(self, project: str) -> dict[str, list[str]]:
        """Return the ids of all that a project has made at the cloud; of stacks those that are not deleted."""
        place = self._place(project)
        rows = {kind: self._rows(kind, place) for kind in ("servers", "ports", *_OTHERS)}
        rows["stacks"] = [row for row in self._rows("stacks", place) if not row["parent_id"] and not row["deleted"]]
        return {kind: sorted(row["id"] for row in found if row["name"] != "default") for kind, found in rows.items()}

    def _doubles(self, project: str) -> list[str]:
        """Say which stacks were ever made twice, and whether the project has one place at the cloud."""
        names = Counter(row["name"] for row in self._rows("stacks", self._place(project)) if not row["parent_id"])
        places = [row for row in self._rows("projects") if row["name"].endswith(project)]
        return [
            *_unless({name: n for name, n in names.items() if n > 1}, {}, "stacks that were made more than once"),
            *_unless(len(places), 1, "places of the project at the cloud"),
        ]

    def _place(self, project: str) -> str:
        found = [row["id"] for row in self._rows("projects") if row["name"].endswith(project)]
        return str(found[0]) if found else ""

    def _rows(self, table: str, place: str | None = None) -> list[dict[str, Any]]:
        """Return simcloud's records of a kind, in one project of its own if ``place`` is given."""
        where, values = (" WHERE project_id = ?", (place,)) if place is not None else ("", ())
        path = Path(self._world.cloud.state) / "cloud.sqlite"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            return [json.loads(row[0]) for row in database.execute(f"SELECT doc FROM {table}{where}", values)]


async def _kept(tx: Any, cluster_id: str, step: str, what: str) -> str:
    """Return what the unit of a build's step kept by this name."""
    builds = select(OPERATION.c.id).where(OPERATION.c.subject == cluster_id, OPERATION.c.saga == "cluster.build")
    mine = UNIT.c.operation_id.in_(builds) & (UNIT.c.step == step)
    return str((await tx.execute(select(UNIT.c.result[what].astext).where(mine))).scalar_one())


async def _done_twice(db: Database, operation_id: str) -> list[str]:
    """Return the steps and units (``''`` is a step's only one) that were told to be done twice: by two workers."""
    query = select(OUTBOX.c.body).where(OUTBOX.c.subject == operation_id)
    async with db.unscoped() as tx:
        told_of = [json.loads(body)["data"] for body in (await tx.execute(query)).scalars()]
    done = [data for data in told_of if data["state"] == "done"]
    ends = Counter(f"{data['phase']} {data['step']} {data.get('unit')!r}" for data in done)
    return [part for part, count in ends.items() if count > 1]


async def _count(tx: Any, table: Table, condition: Any) -> int:
    return int((await tx.execute(select(func.count()).select_from(table).where(condition))).scalar_one())


def _unless(found: Any, wanted: Any, what: str) -> list[str]:
    return [] if found == wanted else [f"{what}: {found!r}, not {wanted!r}"]
