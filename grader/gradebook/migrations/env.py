"""What Alembic runs: it migrates the connection that `grader.gradebook.migrate` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from grader.gradebook.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # Both databases can; Alembic doesn't count on it with SQLite, where it depends on the driver's settings.
    transactional_ddl=True,
)
context.run_migrations()
