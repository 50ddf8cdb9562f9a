"""Brings a stack to its template: makes, changes, replaces and removes resources, as many at once as may be."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from lab.simcloud.clock import stamp
from lab.simcloud.errors import ApiError
from lab.simcloud.heat.constraints import nothing_wrong
from lab.simcloud.heat.errors import InvalidInside, ResourceFailure, ResourceInError
from lab.simcloud.heat.records import Stack, StackResource
from lab.simcloud.heat.resources.lookups import Lookups
from lab.simcloud.heat.resources.properties import checked_properties
from lab.simcloud.heat.resources.registry import resource_type, schema_of
from lab.simcloud.heat.resources.resource import ResourceType
from lab.simcloud.heat.scope import StackScope
from lab.simcloud.heat.stacks import Stacks, caller_of_stack
from lab.simcloud.heat.template import Definition
from lab.simcloud.knobs.board import Board, WorkFault
from lab.simcloud.store import new_id

log = logging.getLogger("simcloud.heat")

RETRY_PAUSE_SECONDS = 0.5


class Traversal:
    """One action on one stack. Progress is in the records, so it may be started again after a restart."""

    def __init__(self, stacks: Stacks, stack: Stack, knobs: Board, retries: int) -> None:
        """retries: how often a resource is made anew that went to ERROR."""
        self._stacks = stacks
        self._stack = stack
        self._knobs = knobs
        self._retries = retries
        self._failure: ResourceFailure | None = None
        self._rows: dict[str, StackResource] = {}
        self._scope: StackScope

    async def under_knobs(self, action: Callable[[], Awaitable[ResourceFailure | None]]) -> ResourceFailure | None:
        """One of the two actions below, held up or made to fail as the knobs of the stack say."""
        stack = self._stack
        names = (stack.name, stack.id)
        try:
            await self._knobs.work("stack", names, stack.action)
            failure = await action()
            if failure is None:
                await self._knobs.work("stack", names, stack.action, "after")
        except WorkFault as fault:
            failure = ResourceFailure("Error", str(fault))
            self._stacks.set_state(stack, stack.action, "FAILED", f"Resource {stack.action} failed: {failure.reason()}")
        return failure

    async def _pass_knobs(self, row: StackResource, action: str) -> None:
        try:
            await self._knobs.work("resource", (f"{self._stack.name}/{row.name}", row.id), action)
        except WorkFault as fault:
            raise ResourceInError("ERROR", str(fault)) from fault

    async def converge(self) -> ResourceFailure | None:
        """Makes the stack what its template says; the first failure, or None."""
        template = self._stacks.template(self._stack)
        self._scope = self._stacks.scope(self._stack, template, self._rows)
        self._rows |= self._stacks.rows(self._stack.id)
        definitions = self._scope.enabled()
        names = set(definitions)
        requires = {name: definition.requires(names) for name, definition in definitions.items()}
        done = {name: asyncio.Event() for name in definitions}
        await _all(self._when_ready(definition, requires[name], done) for name, definition in definitions.items())
        if self._failure is None:
            rows = self._stacks.resources.find(stack_id=self._stack.id)
            await self._remove_rows([row for row in rows if row.retired or row.name not in names])
        return self._failure

    async def remove_all(self) -> ResourceFailure | None:
        """Removes every resource; the first failure, or None."""
        await self._remove_rows(self._stacks.resources.find(stack_id=self._stack.id))
        return self._failure

    async def _when_ready(self, definition: Definition, needed: set[str], done: dict[str, asyncio.Event]) -> None:
        try:
            for name in needed:
                await done[name].wait()
            if self._failure is None:
                await self._bring(definition, needed)
        finally:
            done[definition.name].set()

    async def _bring(self, definition: Definition, needed: set[str]) -> None:
        row = self._rows.get(definition.name)
        try:
            kind, properties = self._resolved(definition)
            row = self._row_for(row, kind, definition, properties)
            row.requires = sorted(needed)
            row.keep = definition.deletion_policy == "Retain"
            row.metadata = definition.metadata
            # A failed thing that was not replaced is of use: it is taken as it is.
            kept = _has_failed(row) and not self._is_nested(row)
            if row.action in ("INIT", "CREATE") and row.state != "CREATE_COMPLETE" and not kept:
                row.properties = properties
                await self._create(kind, row)
            elif kept or row.properties != properties or self._is_nested_unfinished(row) or self._updates_nested(row):
                await self._update(kind, row, properties)
            else:
                self._stacks.resources.save(row)
        except (ResourceFailure, ApiError) as error:
            self._failed(row, definition, error)

    def _resolved(self, definition: Definition) -> tuple[ResourceType, dict[str, Any]]:
        stack = self._stack
        kind = resource_type(definition.type, stack.files, stack.registry)
        given = self._scope.properties(definition)
        lookup = Lookups(self._stacks.services, caller_of_stack(stack)) if stack.parent_id else nothing_wrong
        return kind, checked_properties(definition.name, schema_of(kind), given, lookup)

    def _is_nested_unfinished(self, row: StackResource) -> bool:
        nested = self._stacks.table.get(row.physical_id or "")
        return nested is not None and nested.parent_id == self._stack.id and nested.status != "COMPLETE"

    def _updates_nested(self, row: StackResource) -> bool:
        """Every update goes through nested stacks too: what is wrong may be inside."""
        return self._stack.action in ("UPDATE", "ROLLBACK") and self._is_nested(row)

    def _row_for(
        self, row: StackResource | None, kind: ResourceType, definition: Definition, properties: dict[str, Any]
    ) -> StackResource:
        """The record to work on: the present one, or a new one if it must be replaced."""
        if row is not None and not self._must_replace(row, kind, definition, properties):
            return row
        if row is not None:
            old = resource_type(row.type, self._stack.files, self._stack.registry)
            old.prepare_for_replace(self._stacks.work(self._stack, row))
            row.retired = True
            self._stacks.resources.save(row)
        moment = stamp()
        self._rows[definition.name] = made = self._stacks.resources.add(
            StackResource(
                id=new_id(),
                stack_id=self._stack.id,
                name=definition.name,
                type=definition.type,
                created=moment,
                updated=moment,
            )
        )
        return made

    def _must_replace(
        self, row: StackResource, kind: ResourceType, definition: Definition, properties: dict[str, Any]
    ) -> bool:
        if row.type != definition.type:
            return True
        if row.state == "CHECK_FAILED":
            return not self._is_nested(row)
        if _has_failed(row):
            return not self._is_nested(row) and not kind.is_of_use(self._stacks.work(self._stack, row))
        if row.action in ("INIT", "CREATE") and row.state != "CREATE_COMPLETE":
            return False
        schema = schema_of(kind)
        changed = {key for key in {*properties, *row.properties} if properties.get(key) != row.properties.get(key)}
        return any(not schema[key].updatable for key in changed if key in schema)

    def _is_nested(self, row: StackResource) -> bool:
        nested = self._stacks.table.get(row.physical_id or "")
        return nested is not None and nested.parent_id == self._stack.id

    async def _create(self, kind: ResourceType, row: StackResource) -> None:
        """Makes a thing; one that went to ERROR is deleted and made anew. Each fails as often as there are retries."""
        tries = {"CREATE": self._create_now, "DELETE": self._delete_failed}
        failures = dict.fromkeys(tries, 0)
        action, first = "CREATE", None
        while max(failures.values()) <= self._retries:
            if failures[action]:
                await asyncio.sleep(RETRY_PAUSE_SECONDS)
            try:
                await tries[action](kind, row)
            except ResourceInError as error:
                first = first or error
                failures[action] += 1
                self._stacks.set_row_state(
                    self._stack, row, action, "FAILED", error.below("resources", row.name).reason()
                )
                if action == "CREATE":
                    action, failures["DELETE"] = "DELETE", 0
            else:
                if action == "CREATE":
                    return
                action = "CREATE"
        if first:
            self._note(first.below("resources", row.name), "CREATE")

    async def _create_now(self, kind: ResourceType, row: StackResource) -> None:
        self._stacks.set_row_state(self._stack, row, "CREATE", "IN_PROGRESS", "state changed")
        await self._pass_knobs(row, "CREATE")
        await kind.create(self._stacks.work(self._stack, row))
        self._stacks.set_row_state(self._stack, row, "CREATE", "COMPLETE", "state changed")

    async def _delete_failed(self, kind: ResourceType, row: StackResource) -> None:
        self._stacks.set_row_state(self._stack, row, "DELETE", "IN_PROGRESS", "state changed")
        await kind.delete(self._stacks.work(self._stack, row))
        row.physical_id = None
        self._stacks.set_row_state(self._stack, row, "DELETE", "COMPLETE", "state changed")

    async def _update(self, kind: ResourceType, row: StackResource, properties: dict[str, Any]) -> None:
        self._stacks.set_row_state(self._stack, row, "UPDATE", "IN_PROGRESS", "state changed")
        await self._pass_knobs(row, "UPDATE")
        await kind.update(self._stacks.work(self._stack, row, properties))
        row.properties = properties
        self._stacks.set_row_state(self._stack, row, "UPDATE", "COMPLETE", "state changed")

    def _failed(self, row: StackResource | None, definition: Definition, error: ResourceFailure | ApiError) -> None:
        if isinstance(error, ApiError) and error.kind == "StackValidationFailed":
            error = InvalidInside(error.message.replace(": : ", ": "))
        elif isinstance(error, ApiError):
            error = ResourceFailure(error.kind or "Error", error.message)
        failure = error.below("resources", definition.name)
        action = "CREATE"
        if row is not None:
            action = row.action if row.action != "INIT" else "CREATE"
            self._stacks.set_row_state(self._stack, row, action, "FAILED", failure.reason())
        self._note(failure, action)

    def _note(self, failure: ResourceFailure, action: str) -> None:
        log.warning("stack %s: %s", self._stack.name, failure.reason())
        if self._failure is None:
            self._failure = failure
            reason = f"Resource {action} failed: {failure.reason()}"
            self._stacks.set_state(self._stack, self._stack.action, "FAILED", reason)

    # -- removing ---------------------------------------------------------------------------------------------------

    async def _remove_rows(self, rows: list[StackResource]) -> None:
        gone = {row.id: asyncio.Event() for row in rows}
        users = {
            row.id: [gone[other.id] for other in rows if row.name in other.requires and other.id != row.id]
            for row in rows
        }
        await _all(self._remove(row, users[row.id], gone[row.id]) for row in rows)

    async def _remove(self, row: StackResource, users: list[asyncio.Event], gone: asyncio.Event) -> None:
        try:
            for user in users:
                await user.wait()
            if self._failure is None:
                await self._remove_now(row)
        finally:
            gone.set()

    async def _remove_now(self, row: StackResource) -> None:
        self._stacks.set_row_state(self._stack, row, "DELETE", "IN_PROGRESS", "state changed")
        try:
            await self._pass_knobs(row, "DELETE")
            if not row.keep:
                kind = resource_type(row.type, self._stack.files, self._stack.registry)
                await kind.delete(self._stacks.work(self._stack, row))
            self._stacks.set_row_state(self._stack, row, "DELETE", "COMPLETE", "state changed")
            self._stacks.resources.remove(row.id)
        except (ResourceFailure, ApiError) as error:
            if isinstance(error, ApiError):
                error = ResourceFailure(error.kind or "Error", error.message)
            failure = error.below("resources", row.name)
            self._stacks.set_row_state(self._stack, row, "DELETE", "FAILED", failure.reason())
            self._note(failure, "DELETE")


def _has_failed(row: StackResource) -> bool:
    """Tell whether a thing could not be made, changed or, to be made anew, deleted."""
    return row.state in ("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED")


async def _all(works: Any) -> None:
    """Runs all at once; a cancel reaches each of them."""
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work)
