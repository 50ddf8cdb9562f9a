"""identity: which organisation a project belongs to. It never changes, so each is asked about once."""

from collections.abc import Collection
from dataclasses import dataclass

from services.blueprint.storage import own
from services.chassis.auth.caller import Scope
from services.chassis.context import Process
from services.chassis.db import Database
from services.chassis.errors import Problem, Unavailable
from services.chassis.log import get_logger
from services.contracts.identity import AskOrganisations, ProjectOrganisations

log = get_logger("blueprint.organisations")
_LIMIT_SECONDS = 3.0
"""So long a list waits for identity, before it goes without what others share."""


@dataclass(frozen=True)
class Organisations:
    """Asks identity, and keeps its answers in the database."""

    process: Process
    db: Database

    async def of(self, scope: Scope) -> frozenset[str]:
        """Return the organisations of a scope's projects, as far as they are known or identity answers."""
        try:
            return frozenset((await self.by_project(scope.projects)).values())
        except Problem as problem:
            if problem.status < 500:
                raise
            log.warning("organisations.unknown", projects=scope.projects, reason=problem.detail)
            return frozenset()

    async def by_project(self, projects: Collection[str]) -> dict[str, str]:
        """Return each project's organisation. Raises the problem of identity, or Unavailable."""
        if not projects:
            return {}
        async with self.db.project(*projects) as tx:
            known = await own.known_organisations(tx, projects)
        missing = sorted(set(projects) - set(known))
        if not missing:
            return known
        if "identity" not in self.process.settings.services:
            raise Unavailable("The address of identity is not configured (services.identity).")
        told = await self.process.client("identity").call(
            "POST",
            "/internal/projects/organisations",
            ProjectOrganisations,
            authority=None,
            body=AskOrganisations(missing),
            idempotency_key="organisations",
            limit_seconds=_LIMIT_SECONDS,
        )
        fresh = {project: one for project, one in told.organisations.items() if project in missing}
        if fresh:
            async with self.db.project(*fresh) as tx:
                await own.know_organisations(tx, fresh)
        return known | fresh
