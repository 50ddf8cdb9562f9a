"""authz as one value: its routes, settings, context and tables."""

from services.authz.config import Settings
from services.authz.factory import Context, background, open_context, workers
from services.authz.routes import audit, bindings, mandates, revocations, tokens
from services.authz.schema import SCHEMA
from services.chassis.service import Service

SERVICE = Service[Settings, Context](
    name="authz",
    summary="Who may do what: passes, mandates, role bindings, revocations and the audit record.",
    settings=Settings,
    tables=(tokens.routes, mandates.routes, bindings.routes, revocations.routes, audit.routes),
    context=open_context,
    background=background,
    workers=workers,
    schema=SCHEMA,
)
