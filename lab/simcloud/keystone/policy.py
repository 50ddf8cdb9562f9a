"""Who may do what in Keystone (its defaults, as far as this lab needs them)."""

from lab.simcloud.caller import Caller
from lab.simcloud.errors import forbidden

GIVEN_BY_MANAGERS = frozenset({"manager", "member", "reader"})


def denied(rule: str) -> Exception:
    """Keystone's 403 for one of its rules."""
    return forbidden(f"You are not authorized to perform the requested action: identity:{rule}.")


def require_admin(caller: Caller, rule: str) -> None:
    """403 without the admin role."""
    if not caller.is_admin:
        raise denied(rule)


def require_manager(caller: Caller, rule: str, domain_id: str) -> None:
    """403 for those who are neither administrator nor manager of the domain."""
    if not (caller.is_admin or _has(caller, "manager", domain_id)):
        raise denied(rule)


def require_some_manager(caller: Caller, rule: str) -> None:
    """403 for those who see nothing of the whole cloud and manage no domain."""
    if not (caller.domain_id and "manager" in caller.roles):
        require_reader(caller, rule)


def require_reader(caller: Caller, rule: str, domain_id: str | None = None) -> None:
    """403 for those who are neither administrator nor reader of the system, or of the domain in question."""
    if not (caller.is_admin or caller.is_system_reader or _has(caller, "reader", domain_id)):
        raise denied(rule)


def require_self(caller: Caller, user_id: str, rule: str, domain_id: str | None = None) -> None:
    """403 for those who ask about somebody else, unless they may see all, or all of the domain."""
    if caller.user_id != user_id:
        require_reader(caller, rule, domain_id)


def require_granter(caller: Caller, rule: str, role: str, domains: set[str | None]) -> None:
    """403 for who may not give or take a role: a domain's manager may some, where user and target are its own."""
    its_own = "manager" in caller.roles and domains == {caller.domain_id}
    if not caller.is_admin and not (its_own and role in GIVEN_BY_MANAGERS):
        raise denied(rule)


def _has(caller: Caller, role: str, domain_id: str | None) -> bool:
    return domain_id is not None and caller.domain_id == domain_id and role in caller.roles
