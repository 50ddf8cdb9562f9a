"""One's own SSH keys."""

from services.chassis.errors import NotFound
from services.chassis.ids import new_id
from services.chassis.routing import Call, Exposure, Page, RouteTable
from services.contracts.identity import AddSshKey, SshKey
from services.identity.constants import MOST_KEYS
from services.identity.domain import ssh_keys
from services.identity.exceptions import TooMany
from services.identity.factory import Context
from services.identity.storage import keys

routes = RouteTable("keys")


@routes.get("/v1/keys", Exposure.PUBLIC, "account.read", "List one's SSH keys")
async def list_ssh_keys(call: Call[Context, None, None]) -> Page[SshKey]:
    """List one's own SSH public keys, the newest first."""
    async with call.context.db.unscoped() as tx:
        return Page(await keys.of(tx, call.caller.subject))


@routes.post("/v1/keys", Exposure.PUBLIC, "account.self", "Add an SSH key", needs_idempotency_key=True)
async def add_ssh_key(call: Call[Context, AddSshKey, None]) -> SshKey:
    """Add an SSH public key. Weak, damaged and private keys are refused with the reason."""
    key = ssh_keys.checked(call.body.public_key)
    async with call.context.db.unscoped() as tx:
        if await keys.count(tx, call.caller.subject) >= MOST_KEYS:
            raise TooMany(f"You have {MOST_KEYS} SSH keys.", hint="Remove those that you no longer use.")
        return await keys.add(tx, new_id("key"), call.caller.subject, call.body.name, key.line, key.fingerprint)


@routes.delete("/v1/keys/{key_id}", Exposure.PUBLIC, "account.self", "Remove an SSH key")
async def remove_ssh_key(call: Call[Context, None, None]) -> None:
    """Remove one of one's own keys; clusters that have it keep it."""
    async with call.context.db.unscoped() as tx:
        if not await keys.remove(tx, call.caller.subject, call.path["key_id"]):
            raise NotFound(key_id=call.path["key_id"])
