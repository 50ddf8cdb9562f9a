"""What Heat stores."""

from typing import Any

from lab.simcloud.store import Record


class Stack(Record):
    """A stack, also a nested one (then `parent_id` and `parent_resource` say whose it is).

    `token` is whose request began what is going on: Heat works on with it, as long as it lives.
    """

    name: str
    project_id: str
    user_id: str
    user_name: str
    roles: list[str]
    template: dict[str, Any]
    files: dict[str, str]
    parameters: dict[str, Any]
    token: str = ""
    registry: dict[str, str] = {}
    environment: dict[str, Any] = {}
    tags: list[str] = []
    action: str = "CREATE"
    status: str = "IN_PROGRESS"
    status_reason: str = ""
    timeout_mins: int | None = None
    disable_rollback: bool = True
    previous: dict[str, Any] | None = None
    parent_id: str | None = None
    parent_resource: str | None = None
    deleted: bool = False
    started: str = ""
    created: str = ""
    updated: str | None = None
    deleted_at: str | None = None

    @property
    def state(self) -> str:
        """`CREATE_COMPLETE` and the like."""
        return f"{self.action}_{self.status}"


class StackResource(Record):
    """A resource of a stack. `retired` ones wait to be deleted after their replacement was made."""

    stack_id: str
    name: str
    type: str
    physical_id: str | None = None
    action: str = "INIT"
    status: str = "COMPLETE"
    status_reason: str = ""
    properties: dict[str, Any] = {}
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    requires: list[str] = []
    retired: bool = False
    keep: bool = False
    created: str = ""
    updated: str = ""

    @property
    def state(self) -> str:
        """`CREATE_COMPLETE` and the like."""
        return f"{self.action}_{self.status}"


class StackEvent(Record):
    """Something that happened to a stack or to a resource of it."""

    stack_id: str
    resource_name: str
    resource_type: str
    physical_id: str | None
    action: str
    status: str
    reason: str
    time: str
