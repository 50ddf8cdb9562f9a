from services.chassis.db.alembic_env import run
from services.events.schema import SCHEMA

run(SCHEMA)
