"""One request on its way through the door."""

from dataclasses import dataclass

from sanic.request import Request

from services.gateway.adapters.upstream import Outgoing
from services.gateway.domain.catalogue import Operation
from services.gateway.domain.grants import Pass
from services.gateway.domain.headers import inwards
from services.gateway.domain.sessions import Credential


@dataclass(frozen=True)
class Visit:
    """A request whose operation is known; ``credential`` is None on an open route."""

    request: Request
    operation: Operation
    credential: Credential | None
    body: bytes | None

    @property
    def target(self) -> str:
        """Path and query as they stand in the request line."""
        query = self.request.query_string
        return f"{self.request.path}?{query}" if query else str(self.request.path)

    def outgoing(self, given: Pass | None, seconds: float | None) -> Outgoing:
        """Return the request as it goes to the service, within ``seconds`` (None: without an end)."""
        return Outgoing(
            service=self.operation.service,
            method=self.operation.method,
            target=self.target,
            headers=inwards(self.request.headers),
            pass_token=given.token if given else None,
            body=self.body,
            seconds=seconds,
        )
