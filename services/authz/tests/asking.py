"""Ask authz as services do: by proof of their key."""

import time
from typing import Any

import httpx
import jwt
import msgspec

from services.authz.config import KnownService
from services.chassis.auth.caller import Caller
from services.chassis.auth.credentials import PROOF_HEADER
from services.chassis.auth.revocation import Revocations
from services.chassis.auth.verify import Verifier
from services.chassis.testing.app import RunningService
from services.chassis.testing.authority import Authority


class Asking:
    """The requests of services to one running authz."""

    def __init__(self, service: RunningService, authority: Authority) -> None:
        self.service = service
        self.client = service.client
        self.authority = authority

    @staticmethod
    def manifest(keys: dict[str, Any]) -> dict[str, KnownService]:
        return msgspec.convert(keys, dict[str, KnownService])

    def session(self, subject: str, *, sid: str = "ses_1", seconds: int = 3600, **claims: Any) -> str:
        """Return a session token as identity signs it."""
        now = int(time.time())
        body = {"iss": "identity", "sub": subject, "sid": sid, "iat": now, "exp": now + seconds, **claims}
        return self.authority.key("identity").sign(body, "session+jwt")

    async def post(self, service: str, path: str, body: Any) -> httpx.Response:
        return await self.client.post(path, json=body, headers=self.authority.proof_for("authz", service=service))

    async def put(self, service: str, path: str, body: Any) -> httpx.Response:
        return await self.client.put(path, json=body, headers=self.authority.proof_for("authz", service=service))

    async def delete(self, service: str, path: str, **query: str) -> httpx.Response:
        headers = self.authority.proof_for("authz", service=service)
        return await self.client.delete(path, params=query, headers=headers)

    async def bind(self, subject: str, role: str, project: str | None = None) -> None:
        body = {"subject": subject, "role": role, "project_id": project}
        answer = await self.put("identity", "/internal/bindings", body)
        assert answer.status_code == 204, answer.text

    async def exchange(self, service: str, audience: str, token: str | None = None) -> httpx.Response:
        return await self.post(service, "/internal/token", {"audience": audience, "subject_token": token})

    async def token(self, service: str, audience: str, token: str | None = None) -> str:
        answer = await self.exchange(service, audience, token)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def read(self, token: str, audience: str, service: str) -> Caller:
        """Return how ``audience`` sees ``token`` when ``service`` comes with it."""
        proof = self.authority.proof_for(audience, service=service)[PROOF_HEADER]
        issuers = [jwt.algorithms.OKPAlgorithm.from_jwk(self.authority.key("authz").jwk)]
        return Verifier(audience, issuers, Revocations()).caller(token, proof)

    async def mandate(self, service: str, kind: str, token: str, project: str = "prj_a") -> httpx.Response:
        body = {"kind": kind, "operation_id": "op_1", "project_id": project, "subject_token": token}
        return await self.post(service, "/internal/mandates", body)

    async def standing(self, service: str, mandate: str) -> dict[str, Any]:
        answer = await self.post(service, "/internal/mandates/check", {"mandate": mandate})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def operator(self, path: str, **query: str) -> httpx.Response:
        """Ask an operator's route with a pass that holds everything of authz."""
        headers = self.authority.pass_for("usr_ops", "authz", platform=["binding.read", "audit.read"])
        return await self.client.get(path, params=query, headers=headers)

    def hop(self, mandate: str, audience: str, service: str) -> str:
        """Return the hop that a mandate's holder signs for ``audience``."""
        return self.authority.hop_for(mandate, audience, service=service)["Authorization"].removeprefix("Bearer ")
