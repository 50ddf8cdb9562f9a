"""Ask identity as the gateway does: a session becomes a pass at authz, and the pass goes along."""

from dataclasses import dataclass
from typing import Any

import httpx

from services.chassis.auth.credentials import PROOF_HEADER
from services.chassis.testing.app import RunningService
from services.chassis.testing.authority import Authority

PASSWORD = "correct horse battery"
OPERATOR = ["account.self", "account.read", "project.create", "project.manage", "project.read", "user.manage"]


@dataclass(frozen=True)
class Platform:
    """identity and what it needs, running."""

    identity: RunningService
    authz: RunningService
    secrets: RunningService
    authority: Authority

    def operator(self) -> dict[str, str]:
        """Return the headers of an administrator who has always been there."""
        headers = self.authority.pass_for("usr_root", "identity", platform=OPERATOR)
        return {**headers, "Idempotency-Key": "test"}

    async def add_user(self, email: str, **body: Any) -> str:
        """Create a person and return their id."""
        body = {"email": email, "name": email.partition("@")[0], "password": PASSWORD, **body}
        answer = await self.identity.client.post("/v1/users", json=body, headers=self.operator())
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def add_project(self, name: str, organisation: str = "acme") -> str:
        """Create a project (and its organisation) and return its id."""
        client, headers = self.identity.client, self.operator()
        await client.post("/v1/organisations", json={"name": organisation}, headers=headers)
        body = {"organisation": organisation, "name": name}
        answer = await client.post("/v1/projects", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def set_member(self, project: str, person: str, role: str) -> httpx.Response:
        """Set a member as the operator."""
        path = f"/v1/projects/{project}/members/{person}"
        return await self.identity.client.put(path, json={"role": role}, headers=self.operator())

    async def log_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        """Log in."""
        return await self.identity.client.post("/v1/sessions", json={"email": email, "password": password})

    async def session(self, email: str) -> str:
        """Log in and return the session token."""
        answer = await self.log_in(email)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    async def exchange(self, token: str, audience: str = "identity") -> httpx.Response:
        """Exchange a session token for a pass, as the gateway."""
        body = {"audience": audience, "subject_token": token}
        headers = self.authority.proof_for("authz", service="gateway")
        return await self.authz.client.post("/internal/token", json=body, headers=headers)

    async def ask(self, method: str, path: str, session: str, **arguments: Any) -> httpx.Response:
        """Send a request to identity through the gateway's eyes; what authz refuses comes back as it is."""
        answer = await self.exchange(session)
        if answer.status_code != 200:
            return answer
        proof = self.authority.proof_for("identity", service="gateway")[PROOF_HEADER]
        headers = {
            "Authorization": f"Bearer {answer.json()['access_token']}",
            PROOF_HEADER: proof,
            "Idempotency-Key": "test",
        }
        return await self.identity.client.request(method, path, headers=headers, **arguments)

    async def verify(self, token: str) -> httpx.Response:
        """Have the gateway verify an API token."""
        headers = self.authority.pass_for("svc:gateway", "identity", service="gateway")
        return await self.identity.client.post("/internal/tokens/verify", json={"token": token}, headers=headers)
