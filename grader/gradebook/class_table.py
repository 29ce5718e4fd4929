"""The table of the class: a row for each student, read some hundred at a time with a handful of queries each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy
from sqlalchemy import ColumnElement, Connection, and_, or_, select

from grader import policy as rules
from grader.classroom import AttemptGrade, Column, Row, Student
from grader.gradebook.adjusting import in_force
from grader.gradebook.database import Database
from grader.gradebook.lookup import student_of
from grader.gradebook.schema import leftovers, results, storable, students, submissions
from grader.model import Status
from grader.policy import Policy

PAGE = 300
AnyRow = sqlalchemy.Row[Any]
_STATUS = {one.value: one for one in Status}


def rows(
    database: Database, columns: Sequence[Column], policy: Policy, student_keys: Collection[str] | None
) -> Iterator[Row]:
    """See `Gradebook.rows`."""
    query = select(students).order_by(students.c.sort_name, students.c.key).limit(PAGE)
    if student_keys is not None:
        wanted = sorted({storable(key) for key in student_keys})
        found = (wanted[start : start + PAGE] for start in range(0, len(wanted), PAGE))
        conditions: list[ColumnElement[bool]] = [students.c.key.in_(part) for part in found]
        query = query.where(or_(*conditions) if conditions else students.c.id < 0)
    after: ColumnElement[bool] | None = None
    while True:
        with database.transaction() as connection:
            page = connection.execute(query if after is None else query.where(after)).all()
            table = _Page(connection, [row.id for row in page], columns, policy)
        for row in page:
            yield table.row(row.id, student_of(row))
        if len(page) < PAGE:
            return
        name, key = page[-1].sort_name, page[-1].key
        after = or_(students.c.sort_name > name, and_(students.c.sort_name == name, students.c.key > key))


class _Page:
    """Everything about some students."""

    def __init__(
        self, connection: Connection, student_ids: Sequence[int], columns: Sequence[Column], policy: Policy
    ) -> None:
        self._columns = columns
        self._policy = policy
        self._due = {column.slug: column.due for column in columns}
        self._attempts = self._read_attempts(connection, student_ids)
        self._adjustments = in_force(connection, student_ids)
        query = (
            select(leftovers.c.student_id, leftovers.c.slug, leftovers.c.why)
            .where(leftovers.c.kind == "refused", leftovers.c.student_id.in_(student_ids))
            .order_by(leftovers.c.id.desc())
        )
        self._refused = {(row.student_id, row.slug): str(row.why) for row in connection.execute(query)}

    def row(self, student_id: int, student: Student) -> Row:
        """The row of one of them."""
        cells = [
            rules.cell(
                self._policy,
                column,
                self._attempts.get((student_id, column.slug), ()),
                self._adjustments.get((student_id, column.slug)),
                self._refused.get((student_id, column.slug)) or self._refused.get((student_id, ""), ""),
            )
            for column in self._columns
        ]
        return rules.row(student, cells, self._columns)

    def _read_attempts(
        self, connection: Connection, student_ids: Sequence[int]
    ) -> dict[tuple[int, str], list[AttemptGrade]]:
        query = (
            select(
                *(submissions.c[name] for name in _OF_SUBMISSION),
                *(results.c[name] for name in _OF_RESULT),
            )
            .join(results, submissions.c.current_key == results.c.key, isouter=True)
            .where(submissions.c.student_id.in_(student_ids))
            .order_by(submissions.c.id)
        )
        found: dict[tuple[int, str], list[AnyRow]] = defaultdict(list)
        for row in connection.execute(query):
            if row.slug in self._due:
                found[row.student_id, row.slug].append(row)
        return {cell: self._in_order(cell[1], those) for cell, those in found.items()}

    def _in_order(self, slug: str, those: list[AnyRow]) -> list[AttemptGrade]:
        """The attempts of one student at one exercise, oldest first, counted anew.

        By the time of handing in where each has one. Else by the download that they came with, since many systems only
        give the latest attempt and call each the first; within it by the download's own count.
        """
        if len(those) > 1:
            timed = all(row.submitted_at for row in those)
            those.sort(
                key=lambda row: (
                    row.submitted_at if timed else "",
                    row.import_id,
                    row.attempt,
                    row.submitted_at,
                    row.id,
                )
            )
        return [self._grade(number, slug, row) for number, row in enumerate(those, 1)]

    def _grade(self, number: int, slug: str, row: AnyRow) -> AttemptGrade:
        # By position: names cost a look-up each, forty thousand times.
        values: tuple[Any, ...] = tuple(row)
        id_, _, _, _, _, file, sha256, ref, submitted_at, late, key, *graded = values
        late_s, percent_off = rules.lateness(self._policy, self._due[slug], submitted_at, late)
        status, score, max_score, duration_s, memory_mib, diagnoses = graded if key else _WAITING
        return AttemptGrade(
            submission_id=id_,
            attempt=number,
            file=file,
            sha256=sha256,
            ref=ref,
            submitted_at=submitted_at,
            late_s=late_s,
            percent_off=percent_off,
            key=key or "",
            status=status and _STATUS[status],
            score=score,
            max_score=max_score,
            duration_s=duration_s,
            memory_mib=memory_mib,
            diagnoses=() if diagnoses == "[]" else msgspec.json.decode(diagnoses, type=tuple[str, ...]),
        )


_OF_SUBMISSION = (
    "id", "student_id", "slug", "import_id", "attempt", "file", "sha256", "ref", "submitted_at", "late", "current_key",
)  # fmt: skip
_OF_RESULT = ("status", "score", "max_score", "duration_s", "memory_mib", "diagnoses")
_WAITING = (None, 0.0, 0.0, 0.0, 0.0, "[]")
