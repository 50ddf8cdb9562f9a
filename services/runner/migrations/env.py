from services.chassis.db.alembic_env import run
from services.runner.schema import SCHEMA

run(SCHEMA)
