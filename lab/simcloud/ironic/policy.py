"""Who may do what with a node. Source: Ironic's documentation of secure RBAC (owner and lessee)."""

from lab.simcloud.caller import Caller
from lab.simcloud.errors import forbidden
from lab.simcloud.ironic.records import Node


def require(allowed: bool, rule: str) -> None:
    """403 in Ironic's words."""
    if not allowed:
        raise forbidden(f"Access was denied to the following resource: {rule}")


def require_operator(caller: Caller, node: Node, rule: str) -> None:
    """For the system's administrators and members, and for administrators of the owning project."""
    operator = caller.system and "member" in caller.roles
    owner = caller.is_admin and caller.project_id is not None and node.owner == caller.project_id
    require(operator or owner, rule)


def require_user(caller: Caller, node: Node, rule: str) -> None:
    """For operators, and for members of the project that owns or leases the node."""
    operator = caller.system and "member" in caller.roles
    tenant = "member" in caller.roles and caller.project_id is not None
    require(operator or (tenant and caller.project_id in (node.owner, node.lessee)), rule)
