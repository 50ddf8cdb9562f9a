"""PostgreSQL for services: transactions with a project scope, tables, migrations, pages, provisioning."""

from services.chassis.db.clock import database_time
from services.chassis.db.database import Database
from services.chassis.db.migrate import Schema, check, migrate
from services.chassis.db.paging import BadCursor, Keyset, Page
from services.chassis.db.provision import Provisioned, provision
from services.chassis.db.readiness import NotReady
from services.chassis.db.reads import Read
from services.chassis.db.settings import DatabaseSettings
from services.chassis.db.stalled import end_stalled_sessions
from services.chassis.db.tables import Timestamp, new_metadata, project_column
from services.chassis.db.tenancy import protect
from services.chassis.db.transience import is_transient

__all__ = [
    "BadCursor",
    "Database",
    "DatabaseSettings",
    "Keyset",
    "NotReady",
    "Page",
    "Provisioned",
    "Read",
    "Schema",
    "Timestamp",
    "check",
    "database_time",
    "end_stalled_sessions",
    "is_transient",
    "migrate",
    "new_metadata",
    "project_column",
    "protect",
    "provision",
]
