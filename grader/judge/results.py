"""Results of checks and exercises, from how they ended."""

from __future__ import annotations

import msgspec
import pytest

from grader.judge.feedback import Feedback
from grader.judge.items import check_id, hint, points, title
from grader.judge.messages import Job, SuiteSpec
from grader.model import CheckResult, Diagnosis, DiagnosisKind, ExerciseResult, Outcome, Status, SubmissionFile
from grader.pytest_plugin import dependencies


def check_result(
    item: pytest.Function, feedback: Feedback, duration: float, call: str, output: tuple[str, bool]
) -> CheckResult:
    worth = points(item)
    passed = feedback.outcome is Outcome.PASSED
    message = feedback.message
    if feedback.outcome is Outcome.INTERNAL_ERROR:
        message = "This check could not be graded; that is no fault of yours. Tell your instructor."
    helped = feedback.outcome in (Outcome.FAILED, Outcome.RAISED) and not feedback.about_import
    return CheckResult(
        id=check_id(item),
        title=title(item),
        outcome=feedback.outcome,
        score=worth if passed else 0.0,
        max_score=worth,
        message=message,
        hint=(feedback.hint or hint(item)) if helped else "",
        duration_s=duration,
        call="" if passed or feedback.outcome is Outcome.SKIPPED else call,
        got=feedback.got,
        expected=feedback.expected,
        frames=feedback.frames,
        output=output[0],
        output_cut=output[1],
        figure=feedback.figure,
    )


def not_run(item: pytest.Function, done: dict[str, CheckResult], import_problem: str) -> CheckResult | None:
    """The result of a check that needs something that is not there, or None when it can run."""
    if import_problem:
        return skipped(item, import_problem)
    for name in dependencies(item):
        needed = done.get(name)
        if needed is None or needed.outcome is Outcome.PASSED:
            continue
        why = f"Not run: it builds on \u201c{needed.title}\u201d."
        if needed.outcome is Outcome.NOT_IMPLEMENTED:
            # What builds on something unwritten is unwritten too.
            return check_result(item, Feedback(outcome=Outcome.NOT_IMPLEMENTED, message=why), 0.0, "", ("", False))
        return skipped(item, why)
    return None


def skipped(item: pytest.Function, why: str) -> CheckResult:
    return check_result(item, Feedback(outcome=Outcome.SKIPPED, message=why), 0.0, "", ("", False))


def without_points(check: CheckResult) -> CheckResult:
    """The same check, worth nothing: what was asked for was not written but called."""
    return msgspec.structs.replace(check, score=0.0)


def exercise_result(
    spec: SuiteSpec,
    job: Job,
    checks: tuple[CheckResult, ...],
    status: Status | None = None,
    *,
    diagnoses: tuple[Diagnosis, ...] = (),
    problem: str = "",
) -> ExerciseResult:
    ready_made = any(d.kind is DiagnosisKind.FORBIDDEN_API for d in diagnoses)
    score, worth = sum(c.score for c in checks), sum(c.max_score for c in checks)
    outcomes = {check.outcome for check in checks}
    if status is None:
        if Outcome.INTERNAL_ERROR in outcomes:
            status = Status.UNGRADED
            problem = problem or "This exercise could not be graded; that is no fault of yours. Tell your instructor."
        elif outcomes <= {Outcome.NOT_IMPLEMENTED, Outcome.SKIPPED}:
            status = Status.NOT_ATTEMPTED if Outcome.NOT_IMPLEMENTED in outcomes else Status.FAILED
        else:
            status = Status.PASSED if score == worth and not ready_made else Status.FAILED
    if ready_made and not problem:
        problem = "No points: this exercise asks you to write what the file takes ready-made from torch."
    return ExerciseResult(
        slug=spec.slug,
        title=spec.title,
        chapter=spec.chapter,
        status=status,
        score=0.0 if status is Status.UNGRADED else score,
        max_score=worth,
        submission=SubmissionFile(file=job.file, sha256=job.sha256),
        checks=checks,
        diagnoses=diagnoses,
        problem=problem,
    )
