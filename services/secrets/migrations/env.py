from services.chassis.db.alembic_env import run
from services.secrets.schema import SCHEMA

run(SCHEMA)
