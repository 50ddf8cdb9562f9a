"""identity as one value: its routes, settings, context and tables."""

from services.chassis.service import Service
from services.identity.config import Settings
from services.identity.factory import Context, background, open_context
from services.identity.routes import (
    cloud_checks,
    clouds,
    keys,
    members,
    organisations,
    people,
    projects,
    sessions,
    tokens,
)
from services.identity.schema import SCHEMA

SERVICE = Service[Settings, Context](
    name="identity",
    summary="People, organisations, projects, log-in, SSH keys, API tokens and credentials at clouds.",
    settings=Settings,
    tables=(
        sessions.routes,
        people.routes,
        organisations.routes,
        projects.routes,
        members.routes,
        keys.routes,
        tokens.routes,
        clouds.routes,
        cloud_checks.routes,
    ),
    context=open_context,
    background=background,
    schema=SCHEMA,
)
