"""The exchange of tokens."""

from services.authz.factory import Context
from services.authz.routes import EVERY_SERVICE, asker_of
from services.chassis.context import TokenAnswer, TokenRequest
from services.chassis.routing import Call, Exposure, RouteTable

routes = RouteTable("tokens")


@routes.post(
    "/internal/token", Exposure.INTERNAL, None, "Exchange a token for a pass", callers=EVERY_SERVICE, status=200
)
async def exchange_token(call: Call[Context, TokenRequest, None]) -> TokenAnswer:
    """Answer a pass for one audience, bound to the asker's key, from the token that the asker was called with."""
    return await call.context.exchange.pass_for(asker_of(call.caller), call.body)
