"""An engine that needs no judge, and results to render."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from grader.course import Course
from grader.engine import CheckFinished, ExerciseFinished, Job, Options, PlannedCheck, Ready
from grader.model import (
    CheckResult,
    Diagnosis,
    Environment,
    ExerciseResult,
    Isolation,
    Level,
    Outcome,
    Status,
    SubmissionFile,
)

READY = Ready(
    isolation=Isolation(level=Level.PROCESS, mechanisms=("fake",)),
    environment=Environment(grader="0", python="3", torch="2"),
    seed=7,
    plan={},
    broken={},
)


def check(outcome: Outcome, *, message: str = "", hint: str = "", title: str = "twice as much") -> CheckResult:
    """One check of one point."""
    score = 1.0 if outcome is Outcome.PASSED else 0.0
    return CheckResult(
        id="test_it", title=title, outcome=outcome, score=score, max_score=1.0, message=message, hint=hint
    )


def exercise(
    slug: str,
    status: Status,
    *checks: CheckResult,
    problem: str = "",
    diagnoses: tuple[Diagnosis, ...] = (),
    sha256: str = "",
) -> ExerciseResult:
    """One exercise with these checks."""
    return ExerciseResult(
        slug=slug,
        title=slug.title(),
        chapter="01_first",
        status=status,
        score=sum(one.score for one in checks),
        max_score=sum(one.max_score for one in checks),
        submission=SubmissionFile(file=f"{slug}.py", sha256=sha256),
        checks=checks,
        diagnoses=diagnoses,
        problem=problem,
    )


def graded(job: Job) -> ExerciseResult:
    """What the source says: "pass", "fail", "stub" or "broken"."""
    words: dict[str, tuple[Status, Outcome]] = {
        "pass": (Status.PASSED, Outcome.PASSED),
        "stub": (Status.NOT_ATTEMPTED, Outcome.NOT_IMPLEMENTED),
        "broken": (Status.UNGRADED, Outcome.INTERNAL_ERROR),
    }
    status, outcome = words.get((job.source or "").strip(), (Status.FAILED, Outcome.FAILED))
    return exercise(job.slug, status, check(outcome), problem=job.problem, sha256=job.sha256)


class FakeEngine:
    """Grades at once by what the source says. `calls` are the slugs of each call; `before` may raise."""

    calls: ClassVar[list[list[str]]] = []
    options: ClassVar[Options | None] = None
    closed: ClassVar[int] = 0
    before: ClassVar[Callable[[str], None]] = staticmethod(lambda slug: None)

    def __init__(self, course: Course, slugs: Sequence[str], options: Options | None = None) -> None:
        FakeEngine.options = options

    def __enter__(self) -> FakeEngine:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        FakeEngine.closed += 1

    def grade(self, jobs: Sequence[Job]) -> Iterator[Ready | CheckFinished | ExerciseFinished]:
        self.calls.append([job.slug for job in jobs])
        plan: dict[str, tuple[PlannedCheck, ...]] = {
            job.slug: (PlannedCheck(id="test_it", title="it", max_score=1.0),) for job in jobs
        }
        yield Ready(isolation=READY.isolation, environment=READY.environment, seed=READY.seed, plan=plan, broken={})
        for job in jobs:
            type(self).before(job.slug)
            result = graded(job)
            yield CheckFinished(slug=job.slug, check=result.checks[0])
            yield ExerciseFinished(result=result)
