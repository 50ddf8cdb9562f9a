from services.blueprint.schema import SCHEMA
from services.chassis.db.alembic_env import run

run(SCHEMA)
