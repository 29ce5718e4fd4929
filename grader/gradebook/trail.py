"""The audit trail: what people decided and what changed grades. Lines are only ever added."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from grader.gradebook.database import Database, next_id
from grader.gradebook.nouns import AuditEntry
from grader.gradebook.schema import audit, storable

PAGE = 500


def now() -> str:
    """The time, as it is stored: ISO 8601 in UTC, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Add entries, in the caller's transaction. One without a time is of now, one without a person of this user."""
    if not entries:
        return
    first, at, me = next_id(connection, audit), now(), _user()
    rows = [
        {
            "id": number,
            "at": entry.at or at,
            "who": storable(entry.who or me),
            "action": entry.action,
            "student_key": storable(entry.student),
            "slug": entry.slug,
            "text": storable(entry.text),
        }
        for number, entry in enumerate(entries, first)
    ]
    connection.execute(insert(audit), rows)


def read(database: Database) -> Iterator[AuditEntry]:
    """All entries, oldest first."""
    last = 0
    while True:
        with database.transaction() as connection:
            page = connection.execute(select(audit).where(audit.c.id > last).order_by(audit.c.id).limit(PAGE)).all()
        for row in page:
            yield AuditEntry(
                at=row.at, who=row.who, action=row.action, student=row.student_key, slug=row.slug, text=row.text
            )
        if len(page) < PAGE:
            return
        last = page[-1].id


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
