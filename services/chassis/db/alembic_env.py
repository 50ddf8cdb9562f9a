"""What a service's ``migrations/env.py`` calls."""

from alembic import context

from services.chassis.db.migrate import Schema


def run(schema: Schema) -> None:
    """Run the migrations that Alembic was asked for, on the connection that :func:`migrate` opened."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=schema.metadata,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()
