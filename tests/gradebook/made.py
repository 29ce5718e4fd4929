"""Small classes, results and gradebooks for the tests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from grader.classroom import Cell, Column, Graded, HandIn, Student
from grader.gradebook import Gradebook, Pending
from grader.model import CheckResult, Diagnosis, DiagnosisKind, ExerciseResult, Outcome, Status, SubmissionFile
from grader.policy import Policy
from grader.submission import Submission

SLUGS = ("matmul", "relu")
COLUMNS = tuple(Column(slug=slug, title=slug.title(), chapter="01_first", max_score=10.0) for slug in SLUGS)
DIGESTS = {"matmul": "m1", "relu": "r1"}
FIXED = {"matmul": "m2", "relu": "r1"}
"""The digests after the suite of matmul was changed."""


def student(name: str) -> Student:
    return Student(key=f"test:{name.lower()}", name=name, ids={"email": f"{name.lower()}@example.org"})


def hand_in(
    name: str,
    slug: str = "matmul",
    text: str = "x = 1\n",
    *,
    attempt: int = 1,
    at: str = "",
    late: bool | None = None,
    ref: str = "",
    file: str = "",
    problem: str = "",
    sha256: str = "",
) -> HandIn:
    return HandIn(
        student=student(name),
        attempt=attempt,
        submitted_at=at,
        late=late,
        ref=ref,
        submission=Submission(
            slug=slug,
            path=Path("nowhere") / f"{slug}.py",
            file=file or f"{slug}.py",
            sha256=sha256 or hashlib.sha256(text.encode()).hexdigest(),
            source=None if problem else text,
            problem=problem,
        ),
    )


def graded(pending: Pending, score: float = 6.0, status: Status | None = None, **fields: object) -> Graded:
    """A result with two checks: "values" is worth 6 points, "gradient" 4."""
    if status is None:
        status = Status.PASSED if score == 10 else Status.FAILED
    checks = tuple(
        CheckResult(
            id=f"test_{name}",
            title=f"the {name} are right",
            outcome=Outcome.PASSED if score >= needed else Outcome.FAILED,
            score=points if score >= needed else 0.0,
            max_score=points,
        )
        for name, points, needed in (("values", 6.0, 6.0), ("gradients", 4.0, 10.0))
    )
    result = ExerciseResult(
        slug=pending.slug,
        title=pending.slug.title(),
        chapter="01_first",
        status=status,
        score=0.0 if status is Status.UNGRADED else score,
        max_score=10.0,
        submission=SubmissionFile(file=pending.file, sha256=pending.sha256),
        checks=() if status is Status.UNGRADED else checks,
        diagnoses=()
        if score == 10
        else (Diagnosis(check="test_gradients", kind=DiagnosisKind.MISCONCEPTION, name="swapped", text="Swapped."),),
    )
    values = {"graded_at": "2026-03-01T12:00:00+00:00", "duration_s": 0.5, "cpu_s": 0.25, "memory_mib": 64.0}
    return Graded(result=result, seed=7, host="here", isolation="sandbox", **{**values, **fields})  # type: ignore[arg-type]


def make(place: str | Path, items: Iterable[HandIn] = (), policy: Policy | None = None) -> Gradebook:
    """A new gradebook of a course with two exercises, open for writing."""
    book = Gradebook.open(place, create=True, seed=7)
    book.set_course("A course", COLUMNS, policy or Policy())
    book.add(items)
    return book


def grade_all(
    book: Gradebook, digests: Mapping[str, str] = DIGESTS, score: float = 6.0, status: Status | None = None
) -> list[Pending]:
    """Grade what is pending; what that was."""
    return record_all(book, book.pending(digests), score, status)


def record_all(
    book: Gradebook, waiting: Iterable[Pending], score: float = 6.0, status: Status | None = None
) -> list[Pending]:
    done = []
    for pending in waiting:
        book.record(pending.key, pending, graded(pending, score, status))
        done.append(pending)
    return done


def cells(book: Gradebook, slug: str = "matmul") -> dict[str, Cell]:
    """The cells of one exercise by the student's name."""
    return {row.student.name: cell for row in book.rows() for cell in row.cells if cell.slug == slug}


def points(book: Gradebook, slug: str = "matmul") -> dict[str, float | None]:
    return {name: cell.points for name, cell in cells(book, slug).items()}


def names(items: Sequence[Pending]) -> list[tuple[int, str]]:
    return [(one.submission_id, one.slug) for one in items]
