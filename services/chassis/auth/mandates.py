"""Ask authz for mandates, and whether they still stand. authz knows the asker by its key, so no pass is needed."""

from typing import Any, TypeVar

import msgspec

from services.chassis.auth.caller import Caller
from services.chassis.auth.credentials import Mandate
from services.chassis.context import Process
from services.contracts.authz import MandateAnswer, MandateCheck, MandateRequest, MandateStanding, StandingRequest

T = TypeVar("T")


class Mandates:
    """The mandates of one service. Every method raises the problems of a called service."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def mandate(self, kind: str, operation_id: str, project_id: str, caller: Caller) -> str:
        """Return a mandate of ``kind`` made from the token that the caller came with."""
        body = MandateRequest(kind, operation_id, project_id, caller.token)
        return (await self._post("/internal/mandates", MandateAnswer, body)).mandate

    async def hand_on(self, holder: str, kind: str, operation_id: str, project_id: str, mandate: str) -> str:
        """Return a mandate of ``kind`` for ``holder``, which this service will call under its own ``mandate``."""
        token = await self._process.credentials.token(holder, Mandate(mandate))
        body = MandateRequest(kind, operation_id, project_id, token, holder)
        return (await self._post("/internal/mandates", MandateAnswer, body)).mandate

    async def standing(self, name: str) -> str:
        """Return the standing mandate of a reconciler."""
        return (await self._post("/internal/mandates/standing", MandateAnswer, StandingRequest(name))).mandate

    async def check(self, mandate: str) -> MandateStanding:
        """Return whether the mandate's subject still holds what it required."""
        return await self._post("/internal/mandates/check", MandateStanding, MandateCheck(mandate))

    async def _post(self, path: str, wanted: type[T], body: Any) -> T:
        headers = self._process.credentials.proof_headers("authz")
        content = msgspec.json.encode(body)
        answer = await self._process.client("authz").send("POST", path, headers, content, repeatable=True)
        return msgspec.json.decode(answer.body, type=wanted)
