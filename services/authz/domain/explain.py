"""Why somebody may, or may not, do something: the sentences that an operator reads to a customer."""

from services.authz.domain.holdings import Holdings, permissions_of
from services.contracts.authz import Explanation
from services.contracts.permissions import EVERYBODY, PERMISSIONS, ROLES


def explain(holdings: Holdings, permission: str, project_id: str | None) -> Explanation:
    """Return whether the subject may use ``permission`` (on a project, if one is named), and what decides it."""
    known = PERMISSIONS.get(permission)
    if known is None:
        return Explanation(False, [f"There is no permission {permission}."])
    sentences = [f"{permission}: {known.sentence}"]
    if known.inside:
        return Explanation(False, [*sentences, "No role holds it: it comes only with an operation's mandate."])
    if holdings.suspended is not None:
        return Explanation(False, [*sentences, f"{holdings.subject} is suspended: {holdings.suspended}"])
    if permission in EVERYBODY:
        return Explanation(True, [*sentences, "Everybody who is logged in holds it."])
    found = _found(holdings, permission, project_id)
    return Explanation(bool(found), [*sentences, *(found or _missing(holdings, permission, project_id))])


def _found(holdings: Holdings, permission: str, project_id: str | None) -> list[str]:
    found = []
    if permission in holdings.on_platform():
        found.append(f"{holdings.subject} is {holdings.platform} of the platform, which holds it everywhere.")
    role = holdings.projects.get(project_id or "")
    if permission in permissions_of(role):
        found.append(f"{holdings.subject} is {role} of {project_id}, which holds it there.")
    return found


def _missing(holdings: Holdings, permission: str, project_id: str | None) -> list[str]:
    having = sorted(name for name, role in ROLES.items() if permission in role.permissions)
    role = holdings.projects.get(project_id or "")
    where = f" on {project_id}" if project_id else ""
    sentences = [f"{holdings.subject} is {role}{where}." if role else f"{holdings.subject} has no role{where}."]
    return [*sentences, f"Roles that hold it: {', '.join(having) or 'none'}."]
