"""authz: the mandate under which a run goes on after its request has been answered."""

import msgspec

from services.chassis.auth.caller import Caller
from services.chassis.context import Process
from services.contracts.authz import MandateAnswer, MandateRequest

_KIND = "runner.run"


class Authz:
    """Makes mandates from the tokens that callers come with."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def mandate(self, operation_id: str, project_id: str, caller: Caller) -> str:
        """Return a mandate for one run; raises the problem of a refusal."""
        body = msgspec.json.encode(MandateRequest(_KIND, operation_id, project_id, caller.token))
        headers = {**self._process.credentials.proof_headers("authz"), "Idempotency-Key": "mandate"}
        answer = await self._process.client("authz").send("POST", "/internal/mandates", headers, body)
        return msgspec.json.decode(answer.body, type=MandateAnswer).mandate
