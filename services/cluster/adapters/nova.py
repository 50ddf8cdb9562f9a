"""Give failed servers back at Nova: Heat asks for others in their place first, and keeps their machines meanwhile."""

from collections.abc import Callable, Iterable
from typing import Any

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import SDKException

from services.chassis.cloud import CloudAccess, CloudFailure, CloudThreads
from services.cluster.adapters.cloud_probe import connect
from services.cluster.adapters.heat.groups import Guard

_FAILED = "ERROR"


class NovaServers:
    """The servers of any project at any cloud, each call with the project's own access."""

    def __init__(self, threads: CloudThreads) -> None:
        self._threads = threads

    async def give_back_failed(self, access: CloudAccess, server_ids: Iterable[str], guard: Guard) -> int:
        """Ask Nova to delete those of the servers that have failed; returns how many of all have not.

        ``guard`` is asked just before each call that changes something. One that is being deleted may be asked for
        again. Raises CloudFailure.
        """
        wanted = frozenset(server_ids)
        states: dict[str, str] = await self._call(access, _states)
        mine = {server: state for server, state in states.items() if server in wanted}
        failed = sorted(server for server, state in mine.items() if state == _FAILED)
        for server in failed:
            await guard()
            await self._call(access, _delete, server)
        return len(mine) - len(failed)

    async def _call(self, access: CloudAccess, call: Callable[..., Any], *arguments: Any) -> Any:
        client = self._threads.client(access, "nova", connect)
        try:
            return await self._threads.run(access.call_seconds, call, client, *arguments)
        except (SDKException, ClientException, OSError) as error:
            raise CloudFailure(f"Nova says: {error}") from error


def _states(connection: Connection) -> dict[str, str]:
    return {server.id: server.status for server in connection.compute.servers(details=True)}


def _delete(connection: Connection, server_id: str) -> None:
    connection.compute.delete_server(server_id, ignore_missing=True)
