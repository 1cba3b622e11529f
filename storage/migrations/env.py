"""Alembic's entry: migrates over the connection that `storage.db.migrate` hands in, inside one transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
