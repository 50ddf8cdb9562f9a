from services.chassis.db.alembic_env import run
from services.gateway.schema import SCHEMA

run(SCHEMA)
