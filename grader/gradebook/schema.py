"""The tables, as the queries know them. How they came to be is in `migrations/`; a test holds the two together.

Times are ISO 8601 texts in UTC and empty when unknown; texts of students are stored without what a database can't
hold (see `storable`). Ids are given by us: there is one writer, and both databases then hold the same.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

VERSION = "0003"
"""The latest migration."""
VERSION_TABLE = "gradebook_version"

metadata = MetaData()
# Sorted by code point on every database.
PlainText = Text().with_variant(Text(collation="C"), "postgresql")


def _key() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=False)


facts = Table("facts", metadata, Column("name", String(40), primary_key=True), Column("value", Text, nullable=False))
exercises = Table(
    "exercises",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("chapter", Text, nullable=False),
    Column("max_score", Double, nullable=False),
    Column("weight", Double, nullable=False),
    Column("due", Text, nullable=False),
    Column("checks", Text, nullable=False),
)
students = Table(
    "students",
    metadata,
    _key(),
    Column("key", PlainText, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("sort_name", PlainText, nullable=False),
    Column("ids", Text, nullable=False),
)
Index("students_sorted", students.c.sort_name, students.c.key)
sources = Table(
    "sources",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
results = Table(
    "results",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("slug", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("digest", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("score", Double, nullable=False),
    Column("max_score", Double, nullable=False),
    Column("seed", Text, nullable=False),
    Column("isolation", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("graded_at", Text, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("cpu_s", Double, nullable=False),
    Column("memory_mib", Double, nullable=False),
    Column("run_id", Integer, ForeignKey("runs.id")),
    Column("retried_run_id", Integer, ForeignKey("runs.id")),
    Column("data", LargeBinary, nullable=False),
    Column("diagnoses", Text, nullable=False, server_default="[]"),
)
Index("results_status", results.c.status)
submissions = Table(
    "submissions",
    metadata,
    _key(),
    Column("identity", String(64), nullable=False, unique=True),
    Column("student_id", Integer, ForeignKey("students.id"), nullable=False),
    Column("slug", Text, nullable=False),
    Column("import_id", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("submitted_at", Text, nullable=False),
    Column("late", Boolean),
    Column("ref", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", String(64), nullable=False),
    Column("source_sha256", String(64), ForeignKey("sources.sha256")),
    Column("problem", Text, nullable=False),
    Column("current_key", String(64), ForeignKey("results.key")),
)
Index("submissions_of_student", submissions.c.student_id)
Index("submissions_of_content", submissions.c.content, submissions.c.slug)
Index("submissions_of_result", submissions.c.current_key)
Index("submissions_of_sha256", submissions.c.sha256)
_waiting = submissions.c.current_key.is_(None)
Index("submissions_waiting", submissions.c.id, sqlite_where=_waiting, postgresql_where=_waiting)
leftovers = Table(
    "leftovers",
    metadata,
    _key(),
    Column("identity", String(64), nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("student_id", Integer, ForeignKey("students.id")),
    Column("place", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("import_id", Integer, nullable=False),
    Column("slug", Text, nullable=False, server_default=""),
)
Index("leftovers_of_student", leftovers.c.student_id)
runs = Table(
    "runs",
    metadata,
    _key(),
    Column("command", Text, nullable=False),
    Column("isolation", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text, nullable=False),
    Column("graded", Integer, nullable=False),
    Column("ungraded", Integer, nullable=False),
)
adjustments = Table(
    "adjustments",
    metadata,
    _key(),
    Column("student_id", Integer, ForeignKey("students.id"), nullable=False),
    Column("slug", Text, nullable=False),
    Column("points", Double),
    Column("why", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Text, nullable=False),
)
Index("adjustments_of_student", adjustments.c.student_id)
audit = Table(
    "audit",
    metadata,
    _key(),
    Column("at", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", String(40), nullable=False),
    Column("student_key", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("text", Text, nullable=False),
)


def storable(text: str) -> str:
    """A text as every database can hold it: without zero characters and lone surrogates."""
    if text.isascii() and "\0" not in text:
        return text
    whole = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
