from services.chassis.db.alembic_env import run
from services.cluster.schema import SCHEMA

run(SCHEMA)
