from services.chassis.db.alembic_env import run
from services.node.schema import SCHEMA

run(SCHEMA)
