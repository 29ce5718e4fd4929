"""Find what was handed in: students, sources, and what was left over."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Row, func, select

from grader.classroom import Refused, Student, Unmatched
from grader.gradebook.database import Database
from grader.gradebook.schema import leftovers, sources, students, submissions

PAGE = 500


def student_of(row: Row[Any]) -> Student:
    """The student in a row that has the columns key, name and ids."""
    return Student(key=row.key, name=row.name, ids=msgspec.json.decode(row.ids, type=dict[str, str]))


def find_students(database: Database, text: str) -> tuple[Student, ...]:
    """See `Gradebook.find_students`."""
    wanted = text.strip().casefold()
    if not wanted:
        return ()
    with database.transaction() as connection:
        query = select(students).order_by(students.c.sort_name, students.c.key)
        found = [student_of(row) for row in connection.execute(query)]
    # Here and not in the query: what capitals are in a name, SQLite knows for ASCII only.
    return tuple(
        one for one in found if any(name.casefold() == wanted for name in (one.key, one.name, *one.ids.values()))
    )


def source(database: Database, sha256: str, slug: str | None) -> bytes | None:
    """See `Gradebook.source`."""
    query = (
        select(sources.c.data)
        .join(submissions, submissions.c.source_sha256 == sources.c.sha256)
        .where(submissions.c.sha256 == sha256)
        .order_by(submissions.c.id)
        .limit(1)
    )
    if slug is not None:
        query = query.where(submissions.c.slug == slug)
    with database.transaction() as connection:
        data = connection.execute(query).scalar()
        if data is None:
            data = connection.execute(select(sources.c.data).where(sources.c.sha256 == sha256)).scalar()
        return None if data is None else zlib.decompress(data)


def unmatched(database: Database) -> Iterator[Unmatched]:
    """See `Gradebook.unmatched`."""
    for student, row in _leftovers(database, "unmatched"):
        yield Unmatched(place=row.place, why=row.why, student=student)


def refused(database: Database) -> Iterator[Refused]:
    """See `Gradebook.refused`."""
    for student, row in _leftovers(database, "refused"):
        if student is not None:
            yield Refused(student=student, place=row.place, why=row.why, slug=row.slug)


def _leftovers(database: Database, kind: str) -> Iterator[tuple[Student | None, Row[Any]]]:
    """Those of a kind. What two downloads say in the same words (the archive, and its folder) is said once."""
    last = 0
    said_in = (leftovers.c.student_id, leftovers.c.slug, leftovers.c.place, leftovers.c.why)
    first = select(func.min(leftovers.c.id)).where(leftovers.c.kind == kind).group_by(*said_in)
    while True:
        query = (
            select(leftovers, students.c.key, students.c.name, students.c.ids)
            .join(students, leftovers.c.student_id == students.c.id, isouter=True)
            .where(leftovers.c.id.in_(first), leftovers.c.id > last)
            .order_by(leftovers.c.id)
            .limit(PAGE)
        )
        with database.transaction() as connection:
            page = connection.execute(query).all()
        for row in page:
            yield (None if row.key is None else student_of(row)), row
        if len(page) < PAGE:
            return
        last = page[-1].id
