from services.chassis.db.alembic_env import run
from services.identity.schema import SCHEMA

run(SCHEMA)
