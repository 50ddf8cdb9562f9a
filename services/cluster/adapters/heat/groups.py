"""Ensure, observe and remove machine groups.

Heat's check for a used name races (eight creates of one name made up to four stacks), so a name alone proves nothing:
find before create, a tag with the operation, and the orphan reconciler removes what lost.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from heatclient import exc as heat_errors
from heatclient.v1.client import Client as HeatClient
from keystoneauth1.exceptions import ClientException, Unauthorized
from keystoneauth1.session import Session

from services.chassis.cloud import CloudAccess, CloudFailure, CloudThreads
from services.cluster.adapters.heat.names import stack_name, stack_tags, tag_of
from services.cluster.domain.machine_group import GroupSpec, GroupState, Member, Observation, members_of

_ENDED = "DELETE_COMPLETE"
_NESTED_DEPTH = 2
_TOKEN_SECONDS = 60.0
_LOGIN_ENDED = re.compile(r"Unauthorized|HTTP 401")

Guard = Callable[[], Awaitable[None]]


class HeatMachineGroups:
    """The machine groups of any project at any cloud, each call with the project's own access.

    ``refused`` is told of an access that the cloud does not take.
    """

    def __init__(self, threads: CloudThreads, refused: Callable[[CloudAccess], None] | None = None) -> None:
        self._threads = threads
        self._refused = refused

    async def find(self, access: CloudAccess, cluster_id: str, cluster_name: str, key: str) -> str | None:
        """Return the reference of the group that is there already, the oldest if a race made several."""
        name = stack_name(cluster_name, cluster_id, key)
        found = await self._call(access, _list_named, name)
        mine = [stack for stack in found if tag_of(cluster_id) in (stack.tags or [])]
        return min(mine, key=lambda stack: str(stack.creation_time)).id if mine else None

    async def create(self, access: CloudAccess, spec: GroupSpec, guard: Guard) -> str:
        """Create the group unless it is there; returns its reference. ``guard`` is asked just before the call."""
        known = await self.find(access, spec.cluster_id, spec.cluster_name, spec.key)
        if known:
            return known
        await guard()
        try:
            reference: str = await self._order(access, _create, spec)
            return reference
        except heat_errors.HTTPConflict:
            known = await self.find(access, spec.cluster_id, spec.cluster_name, spec.key)
            if known is None:
                raise CloudFailure(
                    f"A stack named {stack_name(spec.cluster_name, spec.cluster_id, spec.key)} is there and not ours."
                ) from None
            return known

    async def repair(
        self,
        access: CloudAccess,
        backend_ref: str,
        spec: GroupSpec,
        guard: Guard,
        failed: frozenset[str] = frozenset(),
    ) -> None:
        """Have Heat make what is missing of a group; what works stays.

        ``failed`` are ids of servers that Heat takes for made, and that are to be replaced.
        """
        await guard()
        if failed:
            await self._call(access, _mark_failed, backend_ref, failed)
        await self._order(access, _update, backend_ref, spec)

    async def observe(self, access: CloudAccess, backend_ref: str, *, closely: bool = True) -> Observation:
        """Return the group as Heat sees it now; ``closely`` with the servers that a changing one has so far."""
        stack = await self._call(access, _look, backend_ref)
        if stack is None or stack.stack_status == _ENDED:
            return Observation(GroupState.GONE, backend_ref)
        state = _state_of(stack.stack_status)
        outputs = {item["output_key"]: item.get("output_value") for item in getattr(stack, "outputs", [])}
        words = stack.stack_status_reason if state is GroupState.FAILED else None
        if login_ended := bool(_LOGIN_ENDED.search(words or "")):
            # Whatever is ordered of it now needs a newer one.
            self._threads.renew(access)
        looks = state is GroupState.FAILED or (closely and state is not GroupState.COMPLETE)
        found = await self._call(access, _resources, backend_ref) if looks else []
        return Observation(
            state,
            backend_ref,
            words,
            outputs,
            members=members_of(outputs) if state is GroupState.COMPLETE else _servers_in(found),
            removal_failed=stack.stack_status == "DELETE_FAILED",
            login_ended=login_ended,
            mended=stack.stack_status == "UPDATE_COMPLETE",
            progress=_progress(stack, found),
        )

    async def remove(self, access: CloudAccess, backend_ref: str, guard: Guard) -> None:
        """Ask Heat to take the group back; one that is gone is fine."""
        await guard()
        await self._order(access, _delete, backend_ref)

    async def all_of_platform(self, access: CloudAccess) -> list[tuple[str, str, str]]:
        """Return (reference, cluster id, name) of every group of this project that carries a cluster's tag."""
        stacks = await self._call(access, _list_tagged)
        return [(stack.id, cluster, stack.stack_name) for stack in stacks for cluster in _clusters_of(stack)]

    async def _order(self, access: CloudAccess, call: Callable[..., Any], *arguments: Any) -> Any:
        """Call with a token that was issued lately: Heat does the whole work with it, and fails when it ends.

        Of many orders of a project only one logs in: Keystone takes a good part of a second to look at a password.
        """
        self._threads.renew(access, unless_within_seconds=_TOKEN_SECONDS)
        return await self._call(access, call, *arguments)

    async def _call(self, access: CloudAccess, call: Callable[..., Any], *arguments: Any) -> Any:
        client = self._threads.client(access, "heat", _client)
        try:
            return await self._threads.run(access.call_seconds, call, client, *arguments)
        except heat_errors.HTTPConflict:
            raise
        except (heat_errors.HTTPUnauthorized, Unauthorized) as error:
            if self._refused:
                self._refused(access)
            raise CloudFailure(f"The cloud does not take the project's credential: {error}") from error
        except (heat_errors.HTTPException, heat_errors.BaseException, ClientException, OSError) as error:
            if _LOGIN_ENDED.search(str(error)):
                # Heat's API still took the token, a service behind it did not.
                self._threads.renew(access)
            raise CloudFailure(f"Heat says: {error}") from error


def _client(session: Session, access: CloudAccess) -> HeatClient:
    return HeatClient(session=session, region_name=access.region, interface=access.interface)


def _list_named(client: HeatClient, name: str) -> list[Any]:
    return list(client.stacks.list(filters={"name": name}))


def _list_tagged(client: HeatClient) -> list[Any]:
    return list(client.stacks.list(filters={"tags": "cloudpoint"}))


def _clusters_of(stack: Any) -> list[str]:
    return [tag for tag in stack.tags or [] if tag.startswith("clu_")]


def _create(client: HeatClient, spec: GroupSpec) -> str:
    created = client.stacks.create(
        stack_name=stack_name(spec.cluster_name, spec.cluster_id, spec.key),
        template=spec.template,
        files=spec.files,
        parameters=spec.parameters,
        tags=stack_tags(spec),
        disable_rollback=True,
        timeout_mins=120,
    )
    return str(created["stack"]["id"])


def _update(client: HeatClient, backend_ref: str, spec: GroupSpec) -> None:
    client.stacks.update(
        backend_ref,
        template=spec.template,
        files=spec.files,
        parameters=spec.parameters,
        tags=stack_tags(spec),
        disable_rollback=True,
    )


def _mark_failed(client: HeatClient, backend_ref: str, servers: frozenset[str]) -> None:
    """Mark servers so that the next update replaces them, each in the nested stack that it belongs to."""
    for item in _resources(client, backend_ref):
        if item.physical_resource_id in servers:
            address = next(link["href"] for link in item.links if link["rel"] == "stack")
            mark = {"mark_unhealthy": True, "resource_status_reason": "Its machine has failed."}
            client.resources.mark_unhealthy("/".join(address.split("/")[-2:]), item.resource_name, **mark)


def _look(client: HeatClient, backend_ref: str) -> Any:
    """Return the stack, None if it is gone. Heat works its outputs out anew for each asking: only once it is made."""
    try:
        seen = client.stacks.get(backend_ref, resolve_outputs=False)
        complete = _state_of(seen.stack_status) is GroupState.COMPLETE
        return client.stacks.get(backend_ref) if complete else seen
    except heat_errors.HTTPNotFound:
        return None


def _delete(client: HeatClient, backend_ref: str) -> None:
    try:
        client.stacks.delete(backend_ref)
    except heat_errors.HTTPNotFound:
        return


def _resources(client: HeatClient, backend_ref: str) -> list[Any]:
    try:
        return list(client.resources.list(backend_ref, nested_depth=_NESTED_DEPTH))
    except heat_errors.HTTPNotFound:
        return []


def _servers_in(resources: list[Any]) -> tuple[Member, ...]:
    """Return the servers made so far."""
    servers = [item for item in resources if item.resource_type == "OS::Nova::Server" and item.physical_resource_id]
    return tuple(
        Member("", item.physical_resource_id, None, datetime.fromisoformat(item.creation_time)) for item in servers
    )


def _progress(stack: Any, resources: list[Any]) -> frozenset[str]:
    """Return what changes as Heat goes on: times tell when it begins something, states when something is done."""
    parts = (f"{item.resource_name} {item.resource_status} {item.updated_time}" for item in resources)
    return frozenset((f"{stack.stack_status} {stack.updated_time}", *parts))


def _state_of(status: str) -> GroupState:
    """Return what a Heat status such as CREATE_IN_PROGRESS means to us."""
    action, _, phase = status.partition("_")
    if action == "DELETE":
        return GroupState.FAILED if phase == "FAILED" else GroupState.REMOVING
    return {"COMPLETE": GroupState.COMPLETE, "FAILED": GroupState.FAILED}.get(phase, GroupState.CHANGING)
