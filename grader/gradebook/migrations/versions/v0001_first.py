"""The first version."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, Double, ForeignKey, Integer, LargeBinary, String, Text, text

revision = "0001"
down_revision = None

# A copy of what grader/gradebook/schema.py was then: a migration must not change with the code.
PlainText = Text().with_variant(Text(collation="C"), "postgresql")

# What happened is never written over, whoever tries.
APPEND_ONLY = ("audit", "adjustments")


def upgrade() -> None:
    """Make the tables. `results` comes after `runs`, `submissions` after both: they point there."""
    op.create_table("facts", Column("name", String(40), primary_key=True), Column("value", Text, nullable=False))
    op.create_table(
        "exercises",
        Column("slug", Text, primary_key=True),
        Column("position", Integer, nullable=False),
        Column("title", Text, nullable=False),
        Column("chapter", Text, nullable=False),
        Column("max_score", Double, nullable=False),
        Column("weight", Double, nullable=False),
        Column("due", Text, nullable=False),
        Column("checks", Text, nullable=False),
    )
    op.create_table(
        "students",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("key", PlainText, nullable=False, unique=True),
        Column("name", Text, nullable=False),
        Column("sort_name", PlainText, nullable=False),
        Column("ids", Text, nullable=False),
    )
    op.create_index("students_sorted", "students", ["sort_name", "key"])
    op.create_table(
        "sources",
        Column("sha256", String(64), primary_key=True),
        Column("data", LargeBinary, nullable=False),
    )
    op.create_table(
        "runs",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("command", Text, nullable=False),
        Column("isolation", Text, nullable=False),
        Column("environment", Text, nullable=False),
        Column("host", Text, nullable=False),
        Column("started_at", Text, nullable=False),
        Column("finished_at", Text, nullable=False),
        Column("graded", Integer, nullable=False),
        Column("ungraded", Integer, nullable=False),
    )
    op.create_table(
        "results",
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
    )
    op.create_index("results_status", "results", ["status"])
    op.create_table(
        "submissions",
        Column("id", Integer, primary_key=True, autoincrement=False),
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
    op.create_index("submissions_of_student", "submissions", ["student_id"])
    op.create_index("submissions_of_content", "submissions", ["content", "slug"])
    op.create_index("submissions_of_result", "submissions", ["current_key"])
    op.create_index("submissions_of_sha256", "submissions", ["sha256"])
    waiting = text("current_key IS NULL")
    op.create_index("submissions_waiting", "submissions", ["id"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "leftovers",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("identity", String(64), nullable=False, unique=True),
        Column("kind", String(20), nullable=False),
        Column("student_id", Integer, ForeignKey("students.id")),
        Column("place", Text, nullable=False),
        Column("why", Text, nullable=False),
        Column("origin", Text, nullable=False),
        Column("import_id", Integer, nullable=False),
    )
    op.create_index("leftovers_of_student", "leftovers", ["student_id"])
    op.create_table(
        "adjustments",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("student_id", Integer, ForeignKey("students.id"), nullable=False),
        Column("slug", Text, nullable=False),
        Column("points", Double),
        Column("why", Text, nullable=False),
        Column("who", Text, nullable=False),
        Column("at", Text, nullable=False),
    )
    op.create_index("adjustments_of_student", "adjustments", ["student_id"])
    op.create_table(
        "audit",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("at", Text, nullable=False),
        Column("who", Text, nullable=False),
        Column("action", String(40), nullable=False),
        Column("student_key", Text, nullable=False),
        Column("slug", Text, nullable=False),
        Column("text", Text, nullable=False),
    )
    for table in APPEND_ONLY:
        _forbid_changes(table)


def _forbid_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is only ever added to'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_only_added() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is only ever added to'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_added()"
    )
