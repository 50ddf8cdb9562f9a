"""The caller of a request: who, through whom, and what they may, as one immutable object."""

from dataclasses import dataclass, field

from services.chassis.auth.tokens import Narrowing
from services.chassis.errors import Forbidden

SERVICE_PREFIX = "svc:"
"""What the subject of a service that acts for itself begins with."""


@dataclass(frozen=True)
class Scope:
    """Which projects' rows a piece of work may see; ``everywhere`` is for operators and reconcilers."""

    projects: tuple[str, ...] = ()
    everywhere: bool = False

    def covers(self, project_id: str) -> bool:
        return self.everywhere or project_id in self.projects

    def narrowed(self, project_id: str) -> "Scope":
        """Return the scope of one project: empty if it is not covered."""
        return Scope((project_id,)) if self.covers(project_id) else Scope()


@dataclass(frozen=True)
class Caller:
    """Who asks.

    ``subject`` is a person's id or ``svc:<name>``; ``chain`` the services the request came through, the nearest last;
    ``permission`` what the route that is being answered needs; ``token`` the pass or hop it came with, ``bound_to``
    the thumbprint of the key whose holder alone may use it; ``outlives_subject`` that it stays good when its subject
    is revoked (work under a mandate is paused by asking, and may always be undone).
    """

    subject: str
    chain: tuple[str, ...]
    projects: dict[str, frozenset[str]] = field(default_factory=dict)
    platform: frozenset[str] = frozenset()
    permission: str = ""
    token: str = ""
    bound_to: str = ""
    token_id: str = ""
    credential_id: str | None = None
    operation_id: str | None = None
    narrowing: Narrowing | None = None
    outlives_subject: bool = False
    issued_at: float = 0.0
    expires_at: float = 0.0

    @property
    def own_name(self) -> str | None:
        """The service that asks for itself; None for what a service carries for somebody, or does under a mandate."""
        itself = self.chain == (self.subject.removeprefix(SERVICE_PREFIX),) and self.subject.startswith(SERVICE_PREFIX)
        return self.chain[-1] if itself and self.narrowing is None else None

    def may(self, permission: str, project_id: str | None = None) -> bool:
        """Tell whether the caller holds ``permission`` platform-wide or, if one is given, on that project."""
        held = self.projects.get(project_id, frozenset()) if project_id else frozenset[str]()
        return permission in self.platform or permission in held

    def scope(self, permission: str | None = None) -> Scope:
        """Return where the caller holds ``permission`` (the route's own if none is named)."""
        wanted = permission or self.permission
        found = tuple(project for project, held in self.projects.items() if wanted in held)
        return Scope(found, everywhere=wanted in self.platform)

    def require(self, project_id: str, permission: str | None = None) -> None:
        """Raise Forbidden unless the caller holds the route's permission (or the named one) on the project."""
        wanted = permission or self.permission
        if not self.may(wanted, project_id):
            raise Forbidden(
                f"This needs the permission {wanted} on project {project_id}.",
                hint="Ask a manager of the project for a role that has it.",
                subject=self.subject,
                project_id=project_id,
            )
