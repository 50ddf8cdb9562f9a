"""One's own API tokens, and their verification for the gateway."""

from services.chassis.routing import Call, Exposure, Page, Reply, RouteTable
from services.contracts.identity import ApiToken, CreateApiToken, CreatedApiToken, VerifiedToken, VerifyToken
from services.identity.factory import Context
from services.identity.routes.sessions import NOT_KEPT

routes = RouteTable("tokens")


@routes.get("/v1/tokens", Exposure.PUBLIC, "account.read", "List one's API tokens")
async def list_api_tokens(call: Call[Context, None, None]) -> Page[ApiToken]:
    """List one's own API tokens, never their secrets, the newest first."""
    return Page(await call.context.tokens.of(call.caller.subject))


@routes.post("/v1/tokens", Exposure.PUBLIC, "account.self", "Create an API token")
async def create_api_token(call: Call[Context, CreateApiToken, None]) -> Reply[CreatedApiToken]:
    """Create an API token, limited to projects and to a role if these are named; it is shown here and never again."""
    return Reply(await call.context.tokens.make(call.caller, call.body), headers=NOT_KEPT)


@routes.delete("/v1/tokens/{token_id}", Exposure.PUBLIC, "account.self", "Revoke an API token")
async def revoke_api_token(call: Call[Context, None, None]) -> None:
    """Revoke one of one's own tokens; it is good nowhere within a second."""
    await call.context.tokens.revoke(call.caller.subject, call.path["token_id"])


@routes.post(
    "/internal/tokens/verify", Exposure.INTERNAL, None, "Verify an API token", callers=("gateway",), status=200
)
async def verify_api_token(call: Call[Context, VerifyToken, None]) -> VerifiedToken:
    """Answer a short session token for an API token that is good."""
    return await call.context.tokens.verify(call.body.token)
