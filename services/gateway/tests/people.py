"""Identity's part for tests: it signs session tokens with identity's key and knows some API tokens."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.chassis.auth.keys import ServiceKey
from services.chassis.config import ServiceSettings
from services.chassis.context import Process
from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, RouteTable
from services.chassis.service import Service
from services.contracts.identity import VerifiedToken, VerifyToken

SESSION_SECONDS = 60


@dataclass
class People:
    """``tokens`` are good API tokens with the person behind each; ``asked`` counts the questions."""

    key: ServiceKey
    tokens: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def session(self, subject: str, *, sid: str = "ses_1", seconds: float = 3600, **claims: Any) -> str:
        """Return a session token."""
        now = time.time()
        body = {"iss": "identity", "sub": subject, "sid": sid, "iat": now, "exp": now + seconds, **claims}
        return self.key.sign(body, "session+jwt")


routes = RouteTable("tokens")


@routes.post("/internal/tokens/verify", Exposure.INTERNAL, None, "Verify", callers=("gateway",), status=200)
async def verify_token(call: Call[People, VerifyToken, None]) -> VerifiedToken:
    """Answer a session token for a good API token."""
    people = call.context
    people.asked += 1
    subject = people.tokens.get(call.body.token)
    if subject is None:
        raise NotFound()
    session = people.session(subject, sid=f"tok_{call.body.token}", seconds=SESSION_SECONDS)
    return VerifiedToken(session, datetime.fromtimestamp(time.time() + SESSION_SECONDS, UTC))


@asynccontextmanager
async def _open(process: Process) -> AsyncIterator[People]:
    yield People(process.key)


SERVICE: Service[Any, Any] = Service(
    name="identity", summary="People.", settings=ServiceSettings, tables=(routes,), context=_open
)
