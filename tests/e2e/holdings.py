"""What exists at a cloud and in the services' databases, so that a test sees what is left over or there twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack
import psycopg
from heatclient import client as heat_client
from openstack.connection import Connection
from psycopg import sql

_BELONGS_TO_A_CLUSTER = {
    "cluster": ("machine_groups",),
    "node": ("holds", "hold_items", "allocations"),
    "secrets": ("cluster_authority",),
}
"""Tables that hold a row only while something of a cluster exists."""


@dataclass(frozen=True)
class Cloud:
    """One emulated cloud, asked by its administrator over all projects."""

    connection: Connection

    @classmethod
    def of_file(cls, path: Path) -> "Cloud":
        """Return the cloud that a ``clouds.yaml`` describes."""
        config = openstack.config.OpenStackConfig(config_files=[str(path)], load_envvars=False)
        return cls(Connection(config=config.get_one("admin")))

    def servers(self) -> list[str]:
        """Return the names of all servers, in order."""
        return sorted(server.name for server in self.connection.compute.servers(all_projects=True))

    def stacks(self) -> list[str]:
        """Return the names of all stacks that no other stack made, in order and as often as they are there."""
        return sorted(stack.stack_name for stack in self._all_stacks() if stack.parent is None)

    def everything(self) -> dict[str, list[str]]:
        """Return the ids of all that a cluster may be made of, nested stacks among them.

        Neutron makes a group `default` with each project's first look, and it stays.
        """
        compute, network = self.connection.compute, self.connection.network
        return {
            "stacks": sorted(stack.id for stack in self._all_stacks()),
            "servers": sorted(server.id for server in compute.servers(all_projects=True)),
            "networks": sorted(one.id for one in network.networks()),
            "ports": sorted(port.id for port in network.ports()),
            "security groups": sorted(group.id for group in network.security_groups() if group.name != "default"),
        }

    def _all_stacks(self) -> Iterator[Any]:
        for project in self.connection.identity.projects():
            if project.name.startswith("cloudpoint-"):
                yield from self._heat(project).stacks.list(show_nested=True)

    def _heat(self, project: Any) -> Any:
        """Enter a project as the administrator; whoever may do anything gives himself the role first."""
        identity = self.connection.identity
        role = identity.find_role("admin", ignore_missing=False)
        identity.assign_project_role_to_user(project, self.connection.current_user_id, role)
        entered = self.connection.connect_as_project(project)
        return heat_client.Client(
            "1", session=entered.session, region_name=entered.config.get_region_name(""), interface="public"
        )


class Databases:
    """The databases of a platform's services."""

    def __init__(self, admin_dsn: str) -> None:
        self._address = admin_dsn.rpartition("/")[0]

    def of_clusters(self) -> dict[str, int]:
        """Return how many rows there are of all that clusters own while they exist."""
        return {
            f"{service}.{table}": self._count(service, table)
            for service, tables in _BELONGS_TO_A_CLUSTER.items()
            for table in tables
        } | {"secrets": self._sealed(), "runs under way": self._runs_under_way()}

    def runs(self, cluster_id: str) -> list[tuple[str, str]]:
        """Return the phase and state of each run that the runner was ever given for a cluster, in order."""
        query = "SELECT phase, state FROM runs WHERE cluster_id = %s ORDER BY created_at"
        return [(str(phase), str(state)) for phase, state in self._ask("runner", query, cluster_id)]

    def operation(self, operation_id: str) -> dict[str, list[tuple[Any, ...]]]:
        """Return all rows of an operation as they are, by table."""
        query = "SELECT to_jsonb(one)::text FROM saga_{table} AS one WHERE {column} = %s ORDER BY 1"
        tables = {"operation": "id", "step": "operation_id", "unit": "operation_id", "intent": "operation_id"}
        return {
            table: self._ask("cluster", query.format(table=table, column=column), operation_id)
            for table, column in tables.items()
        }

    def unsent(self) -> int:
        """Return how many events wait to be sent, over all services that tell of what they do."""
        query = "SELECT count(*) FROM outbox_event WHERE sent_at IS NULL"
        return sum(int(self._ask(service, query)[0][0]) for service in ("cluster", "runner", "identity"))

    def _count(self, service: str, table: str) -> int:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        return int(self._ask(service, query)[0][0])

    def _sealed(self) -> int:
        """Count the sealed values of clusters; a project's log-in at its cloud is kept for the next one."""
        return int(
            self._ask("secrets", "SELECT count(*) FROM sealed_value WHERE reference NOT LIKE 'cloud-user:%%'")[0][0]
        )

    def _runs_under_way(self) -> int:
        query = "SELECT count(*) FROM runs WHERE state IN ('queued', 'running')"
        return int(self._ask("runner", query)[0][0])

    def _ask(self, service: str, query: str | sql.Composed, *values: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(f"{self._address}/cloudpoint_{service}", connect_timeout=10) as connection:
            return connection.execute(query, values).fetchall()
