"""People, and one's own account."""

from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, Page, Paging, RouteTable
from services.contracts.identity import ChangePassword, ChangeUser, CreateUser, User
from services.identity.factory import Context
from services.identity.storage import users

routes = RouteTable("people")


@routes.get("/v1/me", Exposure.PUBLIC, "account.read", "Show one's own account")
async def show_me(call: Call[Context, None, None]) -> User:
    """Show who this request comes from."""
    return await _user(call.context, call.caller.subject)


@routes.put("/v1/me/password", Exposure.PUBLIC, "account.self", "Change one's own password")
async def change_password(call: Call[Context, ChangePassword, None]) -> None:
    """Set a new password, for the old one; every session ends, API tokens stay."""
    await call.context.people.change_password(call.caller.subject, call.body)


@routes.get("/v1/users", Exposure.OPERATOR, "user.manage", "List people")
async def list_users(call: Call[Context, None, Paging]) -> Page[User]:
    """List all people, the newest first."""
    async with call.context.db.unscoped() as tx:
        items, cursor = await users.page(tx, call.query.limit, call.query.cursor)
    return Page(items, cursor)


@routes.post("/v1/users", Exposure.OPERATOR, "user.manage", "Create a person", needs_idempotency_key=True)
async def create_user(call: Call[Context, CreateUser, None]) -> User:
    """Create a person with a first password, and with a role on the platform if one is named."""
    return await call.context.people.add(call.body)


@routes.get("/v1/users/{user_id}", Exposure.OPERATOR, "user.manage", "Show a person")
async def show_user(call: Call[Context, None, None]) -> User:
    """Show one person."""
    return await _user(call.context, call.path["user_id"])


@routes.patch("/v1/users/{user_id}", Exposure.OPERATOR, "user.manage", "Suspend or restore a person")
async def change_user(call: Call[Context, ChangeUser, None]) -> User:
    """Suspend a person, whose sessions end at once and whose operations pause, or restore them."""
    return await call.context.people.change(call.path["user_id"], call.body)


async def _user(context: Context, user_id: str) -> User:
    async with context.db.unscoped() as tx:
        user = await users.get(tx, user_id)
    if user is None:
        raise NotFound(user_id=user_id)
    return user
