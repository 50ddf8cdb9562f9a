"""Rows by the thousand, written straight into a service's database: what a platform holds after a while."""

import asyncio
import datetime
import json
from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from lab.launcher.platform import Platform

NODES = 100_000
_CLUSTERS, _OWN_CLUSTERS, _OTHER_PROJECTS = 2_000, 20, 97
_NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
_PROPERTIES = json.dumps({"cpus": 128, "memory_mb": 1_048_576, "local_gb": 3_840, "cpu_arch": "x86_64"})
_TRAITS = json.dumps(["CUSTOM_RACK_17", "CUSTOM_FABRIC_A", "HW_CPU_X86_AVX512F"])


def clusters(platform: Platform, project_id: str) -> None:
    """A page of clusters of one project, among those of many others."""
    every = _CLUSTERS // _OWN_CLUSTERS

    def row(number: int) -> dict[str, Any]:
        born = _NOW + datetime.timedelta(minutes=number)
        return {
            "id": f"clu_bench{number:06}",
            "project_id": project_id if number % every == 0 else f"prj_bench{number % _OTHER_PROJECTS}",
            "cloud_id": "bench",
            "name": f"cluster-{number}",
            "plan_id": "pln_bench",
            "blueprint": "slurm",
            "blueprint_version": "1.0.0",
            "state": "ready",
            "locked": False,
            "outputs": json.dumps({"login": "ssh alice@10.1.2.3", "nodes": 4}),
            "created_at": born,
            "changed_at": born,
        }

    _copy(platform, "cluster", "clusters", map(row, range(_CLUSTERS)))


def nodes(platform: Platform) -> None:
    """10^5 nodes of four clouds that nobody looks at: most in use, some free, few broken or of a rare class."""

    def row(number: int) -> dict[str, Any]:
        broken, free = number % 1_000 == 7, number % 3 == 0
        return {
            "id": f"nod_bench{number:06}",
            "cloud_id": f"bench-{number % 4}",
            "cloud_node_id": f"bench-{number}",
            "name": f"rack{number // 40:04}-{number % 40:02}",
            "resource_class": "gpu" if number % 500 == 3 else f"baremetal-{number % 3}",
            "state": "error" if broken else "available" if free else "active",
            "power": "power off" if free else "power on",
            "maintenance": number % 700 == 5,
            "instance_id": None if free else f"srv_bench{number:06}",
            "properties": _PROPERTIES,
            "traits": _TRAITS,
            "seen_at": _NOW,
        }

    _copy(platform, "node", "nodes", map(row, range(NODES)))


def _copy(platform: Platform, service: str, table: str, rows: Iterable[dict[str, Any]]) -> None:
    listed = list(rows)
    columns = list(listed[0])
    asyncio.run(_copied(platform, f"cloudpoint_{service}", table, columns, [tuple(row.values()) for row in listed]))


async def _copied(
    platform: Platform, database: str, table: str, columns: Sequence[str], records: list[tuple[Any, ...]]
) -> None:
    connection = await asyncpg.connect(platform.postgres.admin_dsn, database=database)
    try:
        await connection.copy_records_to_table(table, records=records, columns=columns)
        await connection.execute(f'VACUUM ANALYZE "{table}"')
    finally:
        await connection.close()
