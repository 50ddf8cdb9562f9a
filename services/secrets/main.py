"""secrets as one value: its routes, settings, context and tables."""

from services.chassis.service import Service
from services.secrets.config import Settings
from services.secrets.factory import Context, background, open_context
from services.secrets.routes import clusters, values
from services.secrets.schema import SCHEMA

SERVICE = Service[Settings, Context](
    name="secrets",
    summary="Sealed values by reference, and an SSH certificate authority for each cluster.",
    settings=Settings,
    tables=(clusters.routes, values.routes),
    context=open_context,
    background=background,
    schema=SCHEMA,
)
