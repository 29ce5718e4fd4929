"""The exercise that refused work was for, where it is known: the student's other exercises are no part of it."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column. What was refused before is of no exercise alone, until its download is read again."""
    op.add_column("leftovers", Column("slug", Text, nullable=False, server_default=""))
