"""From the gradebook: which works there are, of whom, and what everybody was given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from grader.classroom import Column, Graded, Row, Student


class Book(Protocol):
    """What is asked of a gradebook."""

    @property
    def title(self) -> str:
        """The course."""
        ...

    @property
    def columns(self) -> Sequence[Column]:
        """The exercises in course order."""
        ...

    def rows(self) -> Iterator[Row]:
        """The students with their cells."""
        ...

    def source(self, sha256: str, slug: str | None = None) -> bytes | None:
        """The text that was handed in for an exercise."""
        ...

    def results(self, keys: Iterable[str]) -> dict[str, Graded]:
        """What grading gave, by key."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """One file for one exercise: of one student, or of a group that handed it in together."""

    slug: str
    file: str
    sha256: str
    key: str
    submitted_at: str
    students: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Class:
    """The students, numbered, and their works by exercise."""

    title: str
    students: tuple[Student, ...]
    columns: tuple[Column, ...]
    works: dict[str, tuple[Work, ...]]


def gather(book: Book, only: Sequence[str] = ()) -> Class:
    """Read who handed in what: of each student and exercise the attempt that counts, or the last one.

    Students who share a file in the download (the same contents under the same reference at the same time) are a
    group with one work. The same contents handed in twice are two works.
    """
    columns = tuple(column for column in book.columns if not only or column.slug in only)
    wanted = {column.slug for column in columns}
    students: list[Student] = []
    found: dict[str, dict[tuple[str, ...], tuple[Work, list[int]]]] = {slug: {} for slug in wanted}
    for row in book.rows():
        number = len(students)
        students.append(row.student)
        for cell in row.cells:
            attempt = cell.counted or (cell.attempts[-1] if cell.attempts else None)
            if attempt is None or not attempt.sha256 or cell.slug not in wanted:
                continue
            together = (attempt.sha256, attempt.ref, attempt.submitted_at) if attempt.ref else (str(number),)
            work = Work(cell.slug, attempt.file, attempt.sha256, attempt.key, attempt.submitted_at, ())
            found[cell.slug].setdefault(together, (work, []))[1].append(number)
    works = {
        slug: tuple(
            Work(slug, work.file, work.sha256, work.key, work.submitted_at, tuple(members))
            for work, members in group.values()
        )
        for slug, group in found.items()
    }
    return Class(book.title, tuple(students), columns, works)
