"""What every service's tables have in common."""

from sqlalchemy import Column, MetaData, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP

PROJECT_COLUMN = "project_id"

Timestamp = TIMESTAMP(timezone=True)
"""An instant: aware, kept in UTC."""

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """Return the MetaData of one service, with one naming rule for constraints (migrations need stable names)."""
    return MetaData(naming_convention=_NAMES)


def project_column() -> Column[str]:
    """Return the column that makes a table a tenant's: rows are seen only in the scope of their project."""
    return Column(PROJECT_COLUMN, Text, nullable=False)
