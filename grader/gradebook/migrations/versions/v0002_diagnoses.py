"""The names of a result's diagnoses, beside it: a table of the class then needs to unpack no result."""

from __future__ import annotations

import json
import zlib

from alembic import op
from sqlalchemy import Column, LargeBinary, String, Text, column, select, table, update

revision = "0002"
down_revision = "0001"

PAGE = 500


def upgrade() -> None:
    """Add the column and fill it."""
    op.add_column("results", Column("diagnoses", Text, nullable=False, server_default="[]"))
    results = table(
        "results",
        column("key", String),
        column("status", String),
        column("data", LargeBinary),
        column("diagnoses", Text),
    )
    connection = op.get_bind()
    last = ""
    while True:
        page = connection.execute(
            select(results.c.key, results.c.data).where(results.c.key > last).order_by(results.c.key).limit(PAGE)
        ).all()
        if not page:
            return
        for key, data in page:
            found = json.loads(zlib.decompress(data))["result"].get("diagnoses", [])
            if found:
                names = json.dumps([one["name"] for one in found], separators=(",", ":"))
                connection.execute(update(results).where(results.c.key == key).values(diagnoses=names))
        last = page[-1][0]
