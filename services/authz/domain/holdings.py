"""What a subject holds, and what of it goes into a pass for one audience."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.chassis.auth.tokens import Grants, Narrowing
from services.contracts.permissions import EVERYBODY, NARROWED, PERMISSIONS, ROLES, SERVICE_GRANTS

_UNKNOWN = frozenset[str]()
_OWNED: dict[str, frozenset[str]] = {
    service: frozenset(name for name, one in PERMISSIONS.items() if one.service == service)
    for service in {one.service for one in PERMISSIONS.values()}
}
_ALL = frozenset(PERMISSIONS)


@dataclass(frozen=True)
class Holdings:
    """The roles of one subject: one a project, and one on the platform; ``suspended`` says why, if it is."""

    subject: str
    projects: dict[str, str] = field(default_factory=dict)
    platform: str | None = None
    suspended: str | None = None

    def on_platform(self) -> frozenset[str]:
        """Return the permissions held everywhere."""
        return permissions_of(self.platform)

    def on_project(self, project_id: str) -> frozenset[str]:
        """Return the permissions held on one project, those held everywhere among them."""
        return permissions_of(self.projects.get(project_id)) | self.on_platform()

    def may(self, permission: str, project_id: str) -> bool:
        """Tell whether the subject holds ``permission`` on the project at this moment, suspended or not."""
        return permission in self.on_project(project_id)


def permissions_of(role: str | None) -> frozenset[str]:
    """Return the permissions of a role; of one that the dictionary no longer has, none."""
    known = ROLES.get(role or "")
    return known.permissions if known else _UNKNOWN


def owned_by(audience: str) -> frozenset[str]:
    """Return the permissions that a service answers for."""
    return _OWNED.get(audience, _UNKNOWN)


def grants_of_person(holdings: Holdings, audience: str, narrowing: Narrowing) -> Grants:
    """Return what a person may do at ``audience``, no more than ``narrowing`` lets through."""
    narrowed = narrowing.role is not None or narrowing.projects is not None
    cap = (permissions_of(narrowing.role) if narrowing.role else _ALL) & owned_by(audience)
    everybody = (NARROWED if narrowed else EVERYBODY) & owned_by(audience)
    if narrowing.projects is not None:
        held = {project: holdings.on_project(project) & cap for project in narrowing.projects}
        return _grants(held, everybody)
    held = {project: permissions_of(role) & cap for project, role in holdings.projects.items()}
    return _grants(held, (holdings.on_platform() & cap) | everybody)


def grants_of_mandate(granted: Grants, audience: str) -> Grants:
    """Return what of a mandate's grants is for ``audience``."""
    owned = owned_by(audience)
    held = {project: owned.intersection(names) for project, names in granted.projects.items()}
    return _grants(held, owned.intersection(granted.platform))


def grants_of_service(service: str, audience: str) -> Grants:
    """Return what a service may do at ``audience`` in its own name."""
    own = SERVICE_GRANTS.get(service)
    return _grants({}, own.grants & owned_by(audience) if own else ())


def granted_on(granted: Grants, project_id: str) -> frozenset[str]:
    """Return the permissions that ``granted`` gives on one project."""
    return frozenset(granted.projects.get(project_id, ())) | frozenset(granted.platform)


def _grants(held: dict[str, frozenset[str]], platform: Iterable[str]) -> Grants:
    return Grants({project: tuple(sorted(names)) for project, names in held.items() if names}, tuple(sorted(platform)))
