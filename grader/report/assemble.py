"""Put the results of a run together into a report."""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.judge.messages import Ready
from grader.model import ExerciseResult, Report, Status


def build_report(results: Sequence[ExerciseResult], ready: Ready, started_at: str, duration_s: float) -> Report:
    """The report of one run. `started_at` is an ISO 8601 time in UTC, `duration_s` is in seconds.

    An ungraded exercise counts neither for the score nor for what is possible: it is nobody's zero.
    """
    graded = [result for result in results if result.status is not Status.UNGRADED]
    return Report(
        score=math.fsum(result.score for result in graded),
        max_score=math.fsum(result.max_score for result in graded),
        exercises=tuple(results),
        isolation=ready.isolation,
        seed=ready.seed,
        environment=ready.environment,
        started_at=started_at,
        duration_s=duration_s,
    )
