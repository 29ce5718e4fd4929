"""What Gradescope reads: `results.json` of an autograder.

A row for each check. All texts are of the format "text", which shows them as they are: they hold what submitted code
printed and raised. What was not graded by our fault has no place in the format: a row without points is a zero in the
sum, so there are no results at all then, and Gradescope tells that the autograder failed and keeps the score empty.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from grader.model import CheckResult, DiagnosisKind, ExerciseResult, Outcome, Report, Status
from grader.report import words
from grader.text import clean, clean_line

TEXT_MAX_CHARS = 4_000
LINE_MAX_CHARS = 600
NAME_MAX_CHARS = 250
FRAMES_SHOWN = 3
UNMATCHED_SHOWN = 20
_ISO = re.compile(r"[\w:.+-]{1,40}")


class Visibility(StrEnum):
    """Who sees a row, and when. If a row is hidden, students don't see their total."""

    VISIBLE = "visible"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"
    HIDDEN = "hidden"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Who sees the results, and what the grader printed: by default only instructors see the latter."""

    visibility: Visibility = Visibility.VISIBLE
    stdout: Visibility = Visibility.HIDDEN


class UngradedError(Exception):
    """The report lacks the score of an exercise, by our fault: there is nothing to tell Gradescope. Has the slugs."""

    def __init__(self, slugs: Sequence[str]) -> None:
        super().__init__(f"not graded, by a failure that is not the student's: {', '.join(slugs)}")
        self.slugs = tuple(slugs)


def results(
    report: Report, metadata: Mapping[str, Any], *, unmatched: Sequence[str] = (), show: Shown | None = None
) -> dict[str, Any]:
    """The contents of `results.json` for one student's work.

    `metadata` is what Gradescope says of the hand-in (`submission_metadata.json`); any key may be missing. `unmatched`
    are lines about files that were not graded. Raises UngradedError when an exercise has no score.
    """
    show = show or Shown()
    ungraded = [one.slug for one in report.exercises if one.status is Status.UNGRADED]
    if ungraded:
        raise UngradedError(ungraded)
    rows: list[dict[str, Any]] = []
    for number, exercise in enumerate(report.exercises, 1):
        rows += _rows(number, exercise)
    if unmatched:
        rows.append(_unmatched(unmatched))
    for row in rows:
        row["visibility"] = show.visibility.value
    return {
        "score": _number(report.score),
        "execution_time": _number(report.duration_s),
        "output": f"{words.number(report.score)} of {words.points(report.max_score)}.",
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": show.visibility.value,
        "stdout_visibility": show.stdout.value,
        "extra_data": _extra(report, metadata),
        "tests": rows,
    }


def points_differ(report: Report, metadata: Mapping[str, Any]) -> str:
    """A line for the instructor when the assignment is worth something else than its exercises; else empty."""
    assignment = metadata.get("assignment")
    stated = assignment.get("total_points") if isinstance(assignment, Mapping) else None
    try:
        total = float(stated)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    if not math.isfinite(total) or math.isclose(total, report.max_score):
        return ""
    return (
        f"The assignment says {words.points(total)}, the exercises have {words.points(report.max_score)}: "
        "change the points of the assignment."
    )


def _rows(number: int, exercise: ExerciseResult) -> list[dict[str, Any]]:
    """The rows of an exercise: about the file as a whole, where there is something to say, then its checks."""
    about = _about(exercise)
    if not exercise.checks:
        # Nothing ran; the points are in this row.
        row = _row(f"{number}", exercise.slug, about or words.STATUS[exercise.status])
        score = {"score": _number(exercise.score), "max_score": _number(exercise.max_score)}
        return [row | score | {"status": _status(exercise.status is Status.PASSED)}]
    rows = [_row(f"{number}", exercise.slug, about) | {"status": _status(False)}] if about else []
    named = {one.check: one.text for one in exercise.diagnoses if one.kind is DiagnosisKind.GRADIENT}
    for place, check in enumerate(exercise.checks, 1):
        name = f"{exercise.slug}: {clean_line(check.title, NAME_MAX_CHARS)}"
        row = _row(f"{number}.{place}", name, _text(check, named.get(check.id, "")))
        score = {"score": _number(check.score), "max_score": _number(check.max_score)}
        rows.append(
            row | score | {"status": _status(check.outcome is Outcome.PASSED and check.score == check.max_score)}
        )
    return rows


def _row(number: str, name: str, output: str) -> dict[str, Any]:
    return {"number": number, "name": name, "name_format": "text", "output": output, "output_format": "text"}


def _about(exercise: ExerciseResult) -> str:
    lines = [clean_line(exercise.problem, LINE_MAX_CHARS)] if exercise.problem else []
    for one in exercise.diagnoses:
        text = clean_line(one.text, LINE_MAX_CHARS)
        if one.kind is DiagnosisKind.MISCONCEPTION:
            lines.append(f"This looks like: {clean_line(one.name, 100).replace('_', ' ')}. {text}")
        elif one.kind is DiagnosisKind.FORBIDDEN_API:
            cell = f"cell {one.cell}, " if one.cell else ""
            place = f"{cell}line {one.line}: " if one.line else ""
            lines.append(f"Flagged for review: {place}{text}" if one.review else place + text)
    return clean("\n".join(dict.fromkeys(lines)), TEXT_MAX_CHARS) if lines else ""


def _text(check: CheckResult, diagnosis: str) -> str:
    """What a student reads below a check: how it ended, why, where, and at most one hint."""
    if check.outcome is Outcome.PASSED:
        return "" if check.score == check.max_score else "Passed, but without points: see the row of the exercise."
    lines: list[str] = []
    lines += [clean_line(diagnosis, LINE_MAX_CHARS)] if diagnosis else []
    lines += [clean(check.message, LINE_MAX_CHARS * 2).strip()] if check.message else []
    for frame in check.frames[-FRAMES_SHOWN:]:
        lines.append(f"  {clean_line(frame.file, 80)}, line {frame.line}, in {clean_line(frame.function, 80)}")
    lines += [f"Hint: {clean(check.hint, LINE_MAX_CHARS).strip()}"] if check.hint else []
    if check.output.strip():
        lines.append(f"Your code printed:\n{clean(check.output, LINE_MAX_CHARS).strip()}")
    text = "\n".join(lines) or f"{words.OUTCOME[check.outcome].capitalize()}."
    return clean(text, TEXT_MAX_CHARS)


def _unmatched(lines: Sequence[str]) -> dict[str, Any]:
    shown = [clean_line(line, 300) for line in lines[:UNMATCHED_SHOWN]]
    if len(lines) > UNMATCHED_SHOWN:
        shown.append(f"and {len(lines) - UNMATCHED_SHOWN} more")
    text = "These files belong to no exercise, or can't be used. A file has the name of its exercise.\n"
    return {
        "name": "Files that were not graded",
        "name_format": "text",
        "output": clean(text + "\n".join(shown), TEXT_MAX_CHARS),
        "output_format": "text",
        # Without points this is a row for information.
        "status": _status(False),
    }


def _extra(report: Report, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What an instructor may need later; students are not shown it."""
    submission = metadata.get("id")
    created_at = metadata.get("created_at")
    return {
        "seed": report.seed,
        "isolation": report.isolation.level.value,
        "missing": [clean_line(line, 200) for line in report.isolation.missing[:8]],
        "environment": msgspec.to_builtins(report.environment),
        "max_score": _number(report.max_score),
        "files": {one.slug: one.submission.sha256 for one in report.exercises if one.submission.sha256},
        "submission": submission if isinstance(submission, int) else None,
        "created_at": created_at if isinstance(created_at, str) and _ISO.fullmatch(created_at) else None,
    }


def _status(passed: bool) -> str:
    return "passed" if passed else "failed"


def _number(value: float) -> float:
    """Rounded to what a sum of floats is good for. Raises ValueError for what JSON has no number for."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no score")
    return round(value, 6) + 0.0
