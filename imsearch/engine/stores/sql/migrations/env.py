"""Alembic's way to the catalog: the connection, and the transaction, of `imsearch.engine.stores.embedded.migrating`."""

from __future__ import annotations

from alembic import context

from imsearch.engine.stores.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
