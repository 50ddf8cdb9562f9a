"""Heat's actions: create, update, delete, check, preview; and the stacks nested in others."""

import asyncio
import copy
import logging
import re
import sqlite3
from collections.abc import Coroutine
from typing import Any

from lab.simcloud.caller import Caller
from lab.simcloud.clock import now, parse, stamp
from lab.simcloud.config import CloudConfig
from lab.simcloud.heat.errors import ResourceFailure, action_in_progress, invalid, stack_exists, untrusted
from lab.simcloud.heat.name_gap import NameGap
from lab.simcloud.heat.records import Stack
from lab.simcloud.heat.resources.lookups import Lookups
from lab.simcloud.heat.resources.resource import NestedStacks, Services, Work
from lab.simcloud.heat.stacks import Stacks
from lab.simcloud.heat.traversal import Traversal
from lab.simcloud.heat.validation import Validation
from lab.simcloud.knobs.board import Board
from lab.simcloud.store import new_id

log = logging.getLogger("simcloud.heat")

NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_.-]{0,254}")
DEFAULT_TIMEOUT_MINUTES = 60
REDEFINED = ("template", "files", "parameters", "registry", "environment", "tags")


class Engine(NestedStacks):
    """Runs the actions of all stacks of a cloud."""

    def __init__(self, config: CloudConfig, knobs: Board, database: sqlite3.Connection, services: Services) -> None:
        self._config = config
        self._knobs = knobs
        self._services = services
        self.stacks = Stacks(database, services)
        self.stacks.nested = self
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._name_gap = NameGap(config.tuning)

    # -- what the API calls -----------------------------------------------------------------------------------------

    def validated(self, caller: Caller, name: str, fields: dict[str, Any]) -> Stack:
        """A new stack that is not stored yet; 400 for what is wrong with it.

        fields: template, files, parameters, registry, environment, tags, timeout_mins, disable_rollback, and token.
        """
        if not NAME.fullmatch(name):
            raise invalid(
                f'Invalid stack name {name} must contain only alphanumeric or "_-." characters, must start with alpha '
                "and must be 255 characters or less."
            )
        moment = stamp()
        stack = Stack(
            id=new_id(),
            name=name,
            project_id=str(caller.project_id),
            user_id=caller.user_id,
            user_name=caller.user_name,
            roles=sorted(caller.roles),
            started=moment,
            created=moment,
            **fields,
        )
        self._validation(caller).check(stack)
        return stack

    def _validation(self, caller: Caller) -> Validation:
        return Validation(self._config.name, Lookups(self._services, caller))

    def require_free_name(self, project_id: str, name: str) -> None:
        """409 if the project has a stack of that name."""
        if self.stacks.table.first(project_id=project_id, name=name, parent_id=None, deleted=False):
            raise stack_exists(name)

    async def create(self, caller: Caller, name: str, fields: dict[str, Any]) -> Stack:
        """Accepts a stack and begins to make it."""
        self.require_free_name(str(caller.project_id), name)
        await self._name_gap.cross(str(caller.project_id), name)
        stack = self.validated(caller, name, fields)
        if caller.application_credential_id:
            raise untrusted()
        self.stacks.table.add(stack)
        self.stacks.set_state(stack, "CREATE", "IN_PROGRESS", "Stack CREATE started")
        self._start(stack.id, self._run(stack.id))
        return stack

    def update(self, caller: Caller, stack: Stack, fields: dict[str, Any]) -> Stack:
        """Accepts a new definition and begins to bring the stack to it; 409 while the stack is busy."""
        if stack.status == "IN_PROGRESS":
            raise action_in_progress(stack.name, stack.action)
        previous = {key: copy.deepcopy(getattr(stack, key)) for key in REDEFINED}
        for key, value in fields.items():
            setattr(stack, key, value)
        self._validation(caller).check(stack)
        stack.previous, stack.updated, stack.started = previous, stamp(), stamp()
        self.stacks.set_state(stack, "UPDATE", "IN_PROGRESS", "Stack UPDATE started")
        self._start(stack.id, self._run(stack.id))
        return stack

    def delete(self, stack: Stack, token: str) -> None:
        """Begins to delete, anew if it is being deleted; what was going on with the stack stops."""
        if stack.deleted:
            return
        running = self._tasks.pop(stack.id, None)
        stack.token, stack.started, stack.updated = token, stamp(), stamp()
        self.stacks.set_state(stack, "DELETE", "IN_PROGRESS", "Stack DELETE started")
        self._start(stack.id, self._delete_after(running, stack.id))

    def check(self, stack: Stack) -> None:
        """Compares the servers with Nova: CHECK_FAILED for those that are gone or broken."""
        if stack.status == "IN_PROGRESS":
            raise action_in_progress(stack.name, stack.action)
        self.stacks.set_state(stack, "CHECK", "IN_PROGRESS", "Stack CHECK started")
        broken = self._check_rows(stack)
        if broken:
            self.stacks.set_state(stack, "CHECK", "FAILED", f"Resource CHECK failed: {broken[0]}")
        else:
            self.stacks.set_state(stack, "CHECK", "COMPLETE", "Stack CHECK completed successfully")

    def _check_rows(self, stack: Stack) -> list[str]:
        broken = []
        for row in self.stacks.rows(stack.id).values():
            nested = self.stacks.table.get(row.physical_id or "")
            if nested and nested.parent_id == stack.id:
                broken += self._check_rows(nested)
            elif row.type == "OS::Nova::Server":
                server = self._services.servers.table.get(row.physical_id or "")
                if server is None or server.vm_state != "active":
                    state = "gone" if server is None else server.vm_state
                    reason = f"Error: resources.{row.name}: '{state}' is not ACTIVE"
                    self.stacks.set_row_state(stack, row, "CHECK", "FAILED", reason)
                    broken.append(reason)
        return broken

    def resume(self) -> None:
        """After a restart: goes on with every stack that was being worked on."""
        for stack in self.stacks.table.find(status="IN_PROGRESS", parent_id=None, deleted=False):
            deleting = stack.action == "DELETE"
            self._start(stack.id, self._delete_after(None, stack.id) if deleting else self._run(stack.id))

    # -- the work ---------------------------------------------------------------------------------------------------

    def _start(self, stack_id: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[stack_id] = task
        task.add_done_callback(lambda done: self._ended(stack_id, done))

    def _ended(self, stack_id: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(stack_id) is task:
            del self._tasks[stack_id]
        if task.cancelled() or task.exception() is None:
            return
        log.error("the work on stack %s failed", stack_id, exc_info=task.exception())
        stack = self.stacks.table.get(stack_id)
        if stack:
            self.stacks.set_state(stack, stack.action, "FAILED", f"Unexpected error: {task.exception()!r}")

    async def _run(self, stack_id: str) -> None:
        stack = self._read(stack_id)
        minutes = stack.timeout_mins or DEFAULT_TIMEOUT_MINUTES
        left = minutes * 60 - (now() - parse(stack.started)).total_seconds()
        try:
            async with asyncio.timeout(max(left, 0.01)):
                failure = await self._converge(stack_id)
        except TimeoutError:
            failure = ResourceFailure("Timeout", f"{stack.action.capitalize()} timed out")
            stack = self._read(stack_id)
            self.stacks.set_state(stack, stack.action, "FAILED", f"{stack.action.capitalize()} timed out")
        if failure is not None:
            await self._roll_back(stack_id, failure)

    async def _converge(self, stack_id: str) -> ResourceFailure | None:
        stack = self._read(stack_id)
        traversal = Traversal(self.stacks, stack, self._knobs, self._config.tuning.heat_retries)
        going_back_to_nothing = stack.action == "ROLLBACK" and stack.previous is None
        failure = await traversal.under_knobs(traversal.remove_all if going_back_to_nothing else traversal.converge)
        if failure is None:
            self.stacks.set_state(stack, stack.action, "COMPLETE", f"Stack {stack.action} completed successfully")
        return failure

    async def _roll_back(self, stack_id: str, failure: ResourceFailure) -> None:
        stack = self._read(stack_id)
        if stack.disable_rollback or stack.action not in ("CREATE", "UPDATE"):
            return
        reason = f"Stack {stack.action} failed ({stack.name}): {failure.reason()}"
        if stack.action == "CREATE":
            stack.previous = None
        for key, value in (stack.previous or {}).items():
            setattr(stack, key, value)
        stack.started = stamp()
        self.stacks.set_state(stack, "ROLLBACK", "IN_PROGRESS", reason)
        await self._run(stack_id)

    async def _delete_after(self, running: asyncio.Task[None] | None, stack_id: str) -> None:
        if running is not None:
            running.cancel()
            await asyncio.wait([running])
        await self._delete(stack_id)

    async def _delete(self, stack_id: str) -> ResourceFailure | None:
        stack = self._read(stack_id)
        traversal = Traversal(self.stacks, stack, self._knobs, 0)
        failure = await traversal.under_knobs(traversal.remove_all)
        if failure is None:
            stack.deleted, stack.deleted_at, stack.updated = True, stamp(), stamp()
            self.stacks.set_state(stack, "DELETE", "COMPLETE", "Stack DELETE completed successfully")
        return failure

    def _read(self, stack_id: str) -> Stack:
        stack = self.stacks.table.get(stack_id)
        if stack is None:
            raise LookupError(f"stack {stack_id} is gone")
        return stack

    # -- nested stacks ----------------------------------------------------------------------------------------------

    def get(self, stack_id: str) -> Stack | None:
        """The nested stack."""
        return self.stacks.table.get(stack_id)

    async def ensure(self, work: Work, template: dict[str, Any], parameters: dict[str, Any]) -> None:
        """Makes or changes the nested stack of a resource and waits for its end; raises ResourceFailure."""
        nested = self.stacks.table.get(work.record.physical_id or "")
        if nested is None:
            nested = self._nest(work, template, parameters)
        elif work.stack.action != "CREATE" or nested.parameters != parameters or nested.status != "COMPLETE":
            resuming = nested.status == "IN_PROGRESS" and nested.template == template
            nested.template, nested.parameters, nested.files = template, parameters, work.stack.files
            nested.updated = stamp()
            if not resuming:
                self.stacks.set_state(nested, "UPDATE", "IN_PROGRESS", "Stack UPDATE started")
        else:
            return
        failure = await self._converge(nested.id)
        if failure is not None:
            raise failure

    def _nest(self, work: Work, template: dict[str, Any], parameters: dict[str, Any]) -> Stack:
        outer, moment = work.stack, stamp()
        nested = Stack(
            id=new_id(),
            name=f"{outer.name}-{work.record.name}-{work.record.id.replace('-', '')[:12]}",
            project_id=outer.project_id,
            user_id=outer.user_id,
            user_name=outer.user_name,
            roles=outer.roles,
            template=template,
            files=outer.files,
            parameters=parameters,
            registry=outer.registry,
            parent_id=outer.id,
            parent_resource=work.record.name,
            started=moment,
            created=moment,
        )
        self.stacks.table.add(nested)
        work.record.physical_id = nested.id
        work.save()
        self.stacks.set_state(nested, "CREATE", "IN_PROGRESS", "Stack CREATE started")
        return nested

    async def remove(self, stack_id: str) -> None:
        """Deletes a nested stack and waits for its end; raises ResourceFailure."""
        nested = self.stacks.table.get(stack_id)
        if nested is None or nested.deleted:
            return
        self.stacks.set_state(nested, "DELETE", "IN_PROGRESS", "Stack DELETE started")
        failure = await self._delete(stack_id)
        if failure is not None:
            raise failure

    def member_attribute(self, stack_id: str, member: str, path: list[Any]) -> Any:
        """An attribute of a resource of a nested stack."""
        return self.stacks.member_attribute(stack_id, member, path)

    def names(self, stack_id: str) -> list[str]:
        """Names of the resources of a nested stack, in the order of their numbers."""
        return sorted(self.stacks.rows(stack_id), key=lambda name: (len(name), name))

    def members(self, stack_id: str) -> dict[str, Any]:
        """References of the resources of a nested stack by name, in the order of their numbers."""
        return {name: self.stacks.member_attribute(stack_id, name, []) for name in self.names(stack_id)}

    def output(self, stack_id: str, name: str) -> Any:
        """The value of one output of a nested stack, or None."""
        stack = self.stacks.table.get(stack_id)
        found = self.stacks.outputs(stack, name) if stack else []
        return found[0].get("output_value") if found else None
