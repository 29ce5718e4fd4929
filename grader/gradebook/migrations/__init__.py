"""How a gradebook got from each version to the next, for Alembic."""
