"""authz, as identity uses it: in its own name."""

from services.chassis.auth.revocation import Revocation
from services.chassis.http.client import ServiceClient
from services.contracts.authz import Binding, BindingList, RevocationRequest, Suspension

_NOTICE_SECONDS = 3.0
"""What is kept and told again if authz does not answer need not hold up who asked for it."""


class Authz:
    """Role bindings, suspensions and revocations. Every method raises the problems of a called service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def bind(self, subject: str, role: str, project_id: str | None) -> None:
        """Set the one role of a subject on a project, or on the platform."""
        body = Binding(subject, role, project_id)
        await self._client.call("PUT", "/internal/bindings", type(None), authority=None, body=body)

    async def unbind(self, subject: str, project_id: str | None) -> None:
        """Take a subject's role."""
        query = {"subject": subject, "project_id": project_id}
        await self._client.call("DELETE", "/internal/bindings", type(None), authority=None, query=query)

    async def bindings_of_project(self, project_id: str) -> list[Binding]:
        """Return who has which role in a project."""
        query = {"project_id": project_id}
        answer = await self._client.call("GET", "/internal/bindings", BindingList, authority=None, query=query)
        return answer.items

    async def suspend(self, subject: str, reason: str) -> None:
        """Have nothing passed for a subject any more."""
        path, body = f"/internal/subjects/{subject}/suspension", Suspension(reason)
        await self._client.call("PUT", path, type(None), authority=None, body=body, limit_seconds=_NOTICE_SECONDS)

    async def restore(self, subject: str) -> None:
        """Lift a suspension."""
        path = f"/internal/subjects/{subject}/suspension"
        await self._client.call("DELETE", path, type(None), authority=None, limit_seconds=_NOTICE_SECONDS)

    async def revoke(self, kind: str, value: str, reason: str) -> None:
        """Revoke what was issued until now; repeating it does no harm."""
        body = RevocationRequest(kind, value, reason)
        path = "/internal/revocations"
        await self._client.call(
            "POST", path, Revocation, authority=None, body=body, idempotency_key=value, limit_seconds=_NOTICE_SECONDS
        )
