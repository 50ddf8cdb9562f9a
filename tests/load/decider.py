"""The gateway's decision by itself, for nginx's ``auth_request``: who asks, how often, and under which pass.

It answers 204 with the headers that the service behind is to get, or what the gateway would refuse with.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sanic import HTTPResponse
from sanic.request import Request

from services.chassis import trace
from services.chassis.application import Application
from services.chassis.auth.credentials import PROOF_HEADER
from services.chassis.command import service_main
from services.chassis.dispatch import problem_response
from services.chassis.errors import Problem
from services.chassis.service import Listener
from services.gateway.domain.catalogue import Catalogue
from services.gateway.factory import Gateway
from services.gateway.main import SERVICE as GATEWAY
from services.gateway.routes.door import Door


def listeners(gateway: Gateway) -> Sequence[Listener]:
    """One listener that decides and forwards nothing."""
    app = Application("cloudpoint_decider", configure_logging=False)
    app.config.update(ACCESS_LOG=False, TOUCHUP=False, KEEP_ALIVE_TIMEOUT=75)
    catalogue = Catalogue(gateway.documents["public"])
    door = Door(gateway, catalogue)

    async def decide(request: Request, **_path: Any) -> HTTPResponse:
        span = trace.begin(None)
        try:
            operation = catalogue.find("GET", request.path.removeprefix("/decide"))
            credential = await door.admit(operation, request)
            assert credential is not None, "an open route needs no decision"
            given = await gateway.passes.get(credential, operation.service, reading=True)
        except Problem as problem:
            return problem_response(problem, span.trace_id)
        proof = gateway.process.key.proof(operation.service)
        return HTTPResponse(
            b"", 204, {"X-Pass": f"Bearer {given.token}", PROOF_HEADER: proof, "X-Trace": span.child().header}
        )

    async def ready(_request: Request) -> HTTPResponse:
        return HTTPResponse(b"", 200)

    app.add_route(ready, "/readyz", name="ready")
    app.add_route(decide, "/decide/<path:path>", name="decide")
    return [Listener(app, gateway.settings.listen.port)]


if __name__ == "__main__":
    sys.exit(service_main(replace(GATEWAY, listeners=listeners)))
