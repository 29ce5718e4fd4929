"""What an export hands back of a row: the points of one exercise, or the weighed total.

A score that is not there yet stays unsaid: it is None, never 0, and a total is None as long as one of its exercises
is not graded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from grader.classroom import Column, Row
from grader.handback.book import HandBackError
from grader.report import words

TOTAL = ""
"""The target that is no exercise: all of them together."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where points come from: an exercise by slug, or `TOTAL`. `max_points` is what can be reached."""

    slug: str
    title: str
    max_points: float

    def points(self, row: Row) -> float | None:
        """The points of a student; None while they are not known."""
        if not self.slug:
            return row.total if row.complete else None
        return next((cell.points for cell in row.cells if cell.slug == self.slug), None)


def target_of(columns: Sequence[Column], slug: str) -> Target:
    """The target of that slug, or the total. Raises HandBackError for a slug that is not in the gradebook."""
    if not slug:
        most = math.fsum(column.max_score * column.weight for column in columns)
        return Target(slug=TOTAL, title="Total", max_points=most)
    for column in columns:
        if column.slug == slug:
            return Target(slug=slug, title=column.title, max_points=column.max_score)
    known = ", ".join(column.slug for column in columns[:20])
    raise HandBackError(f"no exercise of this gradebook is called {slug[:60]!r}; there are {known}")


def scaled(points: float | None, target: Target, most: float | None, *, scale: bool) -> float | None:
    """`points` out of the `most` that the other side has; as they are where that is unknown or not wanted."""
    if points is None or not scale or most is None or target.max_points <= 0:
        return points
    return points * most / target.max_points


def mismatch(target: Target, most: float | None, place: str, *, scale: bool) -> str:
    """The line about a column that has another maximum than we have; empty if there is nothing to say."""
    if most is None or scale or math.isclose(most, target.max_points, abs_tol=0.005):
        return ""
    ours = f"{target.title} has {words.points(target.max_points)} here"
    return f"{place} has {words.points(most)} and {ours}; nothing is converted: add --scale to do so"


def unsaid(blank: int) -> str:
    """The line about cells that were left blank; empty without any."""
    if not blank:
        return ""
    verb = "is" if blank == 1 else "are"
    return f"{words.count(blank, 'score')} {verb} not known yet and left blank (not graded); grade and export again"
