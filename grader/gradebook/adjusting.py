"""Points that a person gives instead of the suite's. Each decision is a row of its own; the latest is in force."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from grader.classroom import Adjustment, Column
from grader.gradebook import trail
from grader.gradebook.database import Database, next_id
from grader.gradebook.nouns import AuditEntry, GradebookError
from grader.gradebook.schema import adjustments, storable, students
from grader.text import clean_line


def in_force(connection: Connection, student_ids: Sequence[int]) -> dict[tuple[int, str], Adjustment]:
    """What counts for these students (a few hundred), by student's id and slug."""
    query = select(adjustments).where(adjustments.c.student_id.in_(student_ids)).order_by(adjustments.c.id)
    found: dict[tuple[int, str], Adjustment] = {}
    for row in connection.execute(query):
        found.pop((row.student_id, row.slug), None)
        if row.points is not None:  # without points it takes the earlier one back
            found[row.student_id, row.slug] = Adjustment(points=row.points, why=row.why, who=row.who, at=row.at)
    return found


def adjust(
    database: Database,
    columns: Sequence[Column],
    student_key: str,
    slug: str,
    points: float | None,
    why: str,
    who: str,
) -> None:
    """See `Gradebook.adjust`."""
    who_is, why = clean_line(student_key, 100), why.strip()
    column = next((one for one in columns if one.slug == slug), None)
    if column is None:
        raise GradebookError(f"no exercise is called {clean_line(slug, 60)!r} in {database.shown}")
    if points is not None and not 0 <= points <= column.max_score:
        raise GradebookError(f"{points:g} points are not possible: {slug} has 0 to {column.max_score:g}")
    if not why:
        raise GradebookError("an adjustment needs a reason; say it with --why")
    with database.transaction() as connection:
        query = select(students.c.id).where(students.c.key == storable(student_key))
        student = connection.execute(query).scalar()
        if student is None:
            raise GradebookError(f"no student has the key {who_is!r} in {database.shown}")
        before = in_force(connection, [student]).get((student, slug))
        if points is None and before is None:
            raise GradebookError(f"{who_is} has no adjustment in {slug} to take back")
        at = trail.now()
        connection.execute(
            insert(adjustments).values(
                id=next_id(connection, adjustments),
                student_id=student,
                slug=slug,
                points=None if points is None else float(points),
                why=storable(why),
                who=storable(who),
                at=at,
            )
        )
        was, is_ = (f"{one:g}" if one is not None else "none" for one in (before and before.points, points))
        text = f"{was} became {is_}: {why}"
        entry = AuditEntry(at=at, who=who, action="adjusted", student=student_key, slug=slug, text=text)
        trail.write(connection, [entry])
