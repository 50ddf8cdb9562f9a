from services.chassis.db.alembic_env import run
from services.chassis.testing.sample.schema import SCHEMA

run(SCHEMA)
