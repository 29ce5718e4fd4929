"""Grade the whole work of one student: every exercise that is asked for, those that were not handed in too.

For services that run the grader once for each hand-in. An exercise for which nothing was handed in has 0 points, and
says so; what could not be graded by our fault is tried again and then told apart.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from grader.course import Course
from grader.engine import Engine, EngineError, ExerciseFinished, Job, Options, Ready
from grader.model import ExerciseResult, Report, Status, SubmissionFile
from grader.notebooks.cells import relocate
from grader.report.assemble import build_report
from grader.submission import UNMATCHED_MAX, Found, find, shown

ATTEMPTS = 2


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """The report on a student's work, and a line for each file that was not graded: `places` as they were named."""

    report: Report
    unmatched: tuple[str, ...] = ()

    @property
    def ungraded(self) -> tuple[str, ...]:
        """The slugs that have no score, by our fault."""
        return tuple(one.slug for one in self.report.exercises if one.status is Status.UNGRADED)


def grade_whole(course: Course, places: Sequence[Path], options: Options | None = None) -> Work:
    """Grade what is in `places` (files or folders, relative ones are shown so) for all exercises of `course`.

    Raises EngineError when no judge can be started, or not with the isolation that `options` require.
    """
    found = find(course, places)
    jobs = [
        Job(slug=one.slug, file=one.file, sha256=one.sha256, source=one.source, problem=one.problem)
        for one in found.submissions
    ]
    cells = {one.slug: one.cells for one in found.submissions}
    started_at, clock = datetime.now(UTC), time.monotonic()
    results: dict[str, ExerciseResult] = {}
    with Engine(course, course.slugs, options) as engine:
        ready: Ready | None = None
        for _ in range(ATTEMPTS):
            left = [job for job in jobs if _is_open(results.get(job.slug))]
            for event in engine.grade(left):
                if isinstance(event, Ready):
                    ready = event
                elif isinstance(event, ExerciseFinished):
                    results[event.result.slug] = relocate(event.result, cells.get(event.result.slug))
    if ready is None:
        raise EngineError("the judge never became ready")
    for slug in course.slugs:
        results.setdefault(slug, _missing(course, slug, ready, found))
    report = build_report(
        [results[slug] for slug in course.slugs],
        ready,
        started_at.isoformat(timespec="seconds"),
        time.monotonic() - clock,
    )
    return Work(report=report, unmatched=tuple(_unmatched(found, course)))


def _is_open(result: ExerciseResult | None) -> bool:
    return result is None or result.status is Status.UNGRADED


def _missing(course: Course, slug: str, ready: Ready, found: Found) -> ExerciseResult:
    """The result of an exercise for which no file can be graded. Without a working suite nobody knows its points."""
    exercise = course.get(slug)
    assert exercise is not None
    problem = next((line for line in found.problems if line.startswith(f"{slug}: ")), "")
    broken = slug in ready.broken
    return ExerciseResult(
        slug=slug,
        title=exercise.title,
        chapter=exercise.chapter,
        status=Status.UNGRADED if broken else Status.NOT_ATTEMPTED,
        score=0.0,
        max_score=0.0 if broken else math.fsum(check.max_score for check in ready.plan[slug]),
        submission=SubmissionFile(file="", sha256=""),
        problem=problem or f"No file {slug}.py was handed in.",
    )


def _unmatched(found: Found, course: Course) -> list[str]:
    lines = [shown(path) for path in found.unmatched]
    if len(lines) == UNMATCHED_MAX:
        lines.append("and perhaps more")
    return [*lines, *(line for line in found.problems if line.partition(": ")[0] not in course.slugs)]
