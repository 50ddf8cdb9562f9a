"""Mandates: given, standing, and whether they still stand."""

from services.authz.factory import Context
from services.authz.routes import EVERY_SERVICE, asker_of
from services.chassis.routing import Call, Exposure, RouteTable
from services.contracts.authz import MandateAnswer, MandateCheck, MandateRequest, MandateStanding, StandingRequest

routes = RouteTable("mandates")


@routes.post("/internal/mandates", Exposure.INTERNAL, None, "Give a mandate", callers=EVERY_SERVICE)
async def give_mandate(call: Call[Context, MandateRequest, None]) -> MandateAnswer:
    """Give a mandate for one operation on one project to the service that asks."""
    return await call.context.mandates.give(asker_of(call.caller), call.body)


@routes.post("/internal/mandates/standing", Exposure.INTERNAL, None, "Give a standing mandate", callers=EVERY_SERVICE)
async def give_standing_mandate(call: Call[Context, StandingRequest, None]) -> MandateAnswer:
    """Give a reconciler its mandate, by its name in the dictionary."""
    return await call.context.mandates.give_standing(asker_of(call.caller), call.body)


@routes.post("/internal/mandates/check", Exposure.INTERNAL, None, "Check a mandate", callers=EVERY_SERVICE, status=200)
async def check_mandate(call: Call[Context, MandateCheck, None]) -> MandateStanding:
    """Say whether a mandate's holder may take one more step forward."""
    asker = asker_of(call.caller)
    return await call.context.mandates.check(asker, call.body.mandate, call.context.process.revocations)
