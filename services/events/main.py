"""events as one value: its routes, settings, context and tables."""

from services.chassis.service import Service
from services.events.config import Settings
from services.events.factory import Context, background, open_context, workers
from services.events.routes import events
from services.events.schema import SCHEMA

SERVICE = Service[Settings, Context](
    name="events",
    summary="What happened: history of each project, and live streams of it.",
    settings=Settings,
    tables=(events.routes,),
    context=open_context,
    background=background,
    workers=workers,
    schema=SCHEMA,
)
