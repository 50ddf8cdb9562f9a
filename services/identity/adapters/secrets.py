"""secrets, as identity uses it: values by reference, in its own name."""

from services.chassis.errors import Problem
from services.chassis.http.client import ServiceClient
from services.contracts.secrets import StoredSecret, StoreSecret

_NOT_FOUND = 404


class SecretStore:
    """Every method raises the problems of a called service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def get(self, project_id: str, reference: str) -> str | None:
        """Return a value; None when there is none."""
        path, query = f"/internal/values/{reference}", {"project_id": project_id}
        try:
            answer = await self._client.call("GET", path, StoredSecret, authority=None, query=query)
        except Problem as problem:
            if problem.status == _NOT_FOUND:
                return None
            raise
        return answer.value

    async def put(self, project_id: str, reference: str, value: str) -> None:
        """Keep a value."""
        body = StoreSecret(project_id, value)
        await self._client.call("PUT", f"/internal/values/{reference}", type(None), authority=None, body=body)
