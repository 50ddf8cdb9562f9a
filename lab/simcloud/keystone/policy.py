"""Who may do what in Keystone (its defaults, as far as this lab needs them)."""

from lab.simcloud.caller import Caller
from lab.simcloud.errors import forbidden


def denied(rule: str) -> Exception:
    """Keystone's 403 for one of its rules."""
    return forbidden(f"You are not authorized to perform the requested action: identity:{rule}.")


def require_admin(caller: Caller, rule: str) -> None:
    """403 without the admin role."""
    if not caller.is_admin:
        raise denied(rule)


def require_reader(caller: Caller, rule: str) -> None:
    """403 for those who are neither administrator nor reader of the system."""
    if not (caller.is_admin or caller.is_system_reader):
        raise denied(rule)


def require_self(caller: Caller, user_id: str, rule: str) -> None:
    """403 for those who ask about somebody else, unless they may see all."""
    if caller.user_id != user_id:
        require_reader(caller, rule)
