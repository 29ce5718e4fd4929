"""What exercises are worth: only their suites know, so these are collected."""

from __future__ import annotations

import math

from grader.course import Course
from grader.engine import Engine, Ready
from grader.handout.errors import HandoutError


def points(course: Course) -> dict[str, float]:
    """The points of each exercise, by slug. Starts a judge and grades nothing.

    Raises HandoutError for a suite that can't be collected, and EngineError.
    """
    with Engine(course, course.slugs) as engine:
        for event in engine.grade(()):
            if isinstance(event, Ready):
                if event.broken:
                    slug, why = next(iter(event.broken.items()))
                    raise HandoutError(f"{slug}: {why}; grade check {slug} says more")
                return {slug: math.fsum(check.max_score for check in checks) for slug, checks in event.plan.items()}
    raise HandoutError("the judge never became ready")
