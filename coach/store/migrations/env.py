"""Where Alembic begins: with the connection of :func:`coach.store.migrate.migrate`, never one of its own."""

from alembic import context

from coach.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a column: the table is copied instead.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
