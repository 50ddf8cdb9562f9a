"""Values by reference, each for the service that put it there."""

from typing import Annotated

import msgspec

from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, RouteTable
from services.contracts.secrets import StoredSecret, StoreSecret
from services.secrets.domain.sealing import Place
from services.secrets.factory import Context
from services.secrets.storage import values

routes = RouteTable("values")
KEEPERS = ("identity",)


class OfProject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose value it is."""

    project_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@routes.put("/internal/values/{reference}", Exposure.INTERNAL, None, "Seal a value", callers=KEEPERS)
async def seal_value(call: Call[Context, StoreSecret, None]) -> None:
    """Seal one value under a reference, in the place of what was there."""
    place = Place(call.body.project_id, call.caller.chain[-1], call.path["reference"])
    async with call.context.db.project(place.project_id) as tx:
        await values.put(tx, place, call.context.keys.seal(place, call.body.value.encode()))


@routes.get("/internal/values/{reference}", Exposure.INTERNAL, None, "Open a value", callers=KEEPERS)
async def open_value(call: Call[Context, None, OfProject]) -> StoredSecret:
    """Return one value to the service that put it there."""
    place = Place(call.query.project_id, call.caller.chain[-1], call.path["reference"])
    async with call.context.db.project(place.project_id) as tx:
        sealed = await values.get(tx, place)
    if sealed is None:
        raise NotFound(reference=place.reference)
    return StoredSecret(call.context.keys.open(place, sealed).decode())


@routes.delete("/internal/values/{reference}", Exposure.INTERNAL, None, "Destroy a value", callers=KEEPERS)
async def destroy_value(call: Call[Context, None, OfProject]) -> None:
    """Destroy one value; doing it again changes nothing."""
    place = Place(call.query.project_id, call.caller.chain[-1], call.path["reference"])
    async with call.context.db.project(place.project_id) as tx:
        await values.remove(tx, place)
