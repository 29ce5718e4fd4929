"""What a course does with raw scores: which attempt counts, what lateness costs, what an exercise weighs.

Pure functions over the nouns of a class. A raw score is kept as it is; everything here is applied when a table is
read, so a policy can change at any time and nothing has to be graded again. The policy of a course is in the file
`course.toml` in its root; without that file the last attempt counts, nothing is ever late and everything weighs 1.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from grader.classroom import Adjustment, AttemptGrade, Cell, CellState, Column, Row, Student
from grader.course import CourseError
from grader.model import Status
from grader.tables import convert, read_table

COURSE_FILE = "course.toml"
_NO_TIME, _DAY = timedelta(), timedelta(days=1)
_MARGIN = timedelta(hours=3)
"""More than clocks are ever changed by at once."""
POINTS_DIGITS = 4
"""Points are rounded to so many decimals after a percentage was taken off."""

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Weight = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
Minutes = Annotated[float, msgspec.Meta(ge=0, le=525_600)]


class Attempt(StrEnum):
    """Which of several attempts counts."""

    LAST = "last"
    BEST = "best"


class Late(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What lateness costs: `percent_per_day` of the score for each started day, `max_percent` at the most.

    Up to `grace_minutes` after the due time (the last instant included) cost nothing; afterwards the days count from
    the due time, not from the end of the grace.
    """

    grace_minutes: Minutes = 0.0
    percent_per_day: Percent = 0.0
    max_percent: Percent = 100.0


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for one exercise: when it is due (ISO 8601 in UTC, empty: never), and what it weighs."""

    due: str = ""
    weight: float = 1.0


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The policy of a course. `exercises` is by slug; `timezone` is the IANA name that days are counted in."""

    title: str = ""
    attempt: Attempt = Attempt.LAST
    timezone: str = ""
    late: Late = Late()
    exercises: dict[str, Terms] = {}

    def fill(self, columns: Sequence[Column], before: Policy | None = None) -> tuple[Column, ...]:
        """The columns with the due times and weights of this policy; a column that it doesn't name stays as it is.

        But what the policy `before` gave to a column, and this one doesn't name any more, is taken from it.
        """
        gone = dict.fromkeys(before.exercises if before else (), Terms())
        terms = {**gone, **self.exercises}
        return tuple(
            msgspec.structs.replace(column, weight=terms[column.slug].weight, due=terms[column.slug].due)
            if column.slug in terms
            else column
            for column in columns
        )


class _CourseTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: str = ""
    attempt: Attempt = Attempt.LAST
    timezone: str = ""
    late: Late = Late()
    exercises: dict[str, dict[str, object]] = {}


class _TermsTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    due: datetime | None = None
    weight: Weight = 1.0


def load(course_root: Path, known: Collection[str] = ()) -> Policy:
    """The policy in `course_root`, from its `course.toml` if there is one.

    With `known`, a table for an exercise whose slug is not in it is an error. Raises CourseError with one line that
    names the file, the key, and what is allowed there.
    """
    path = course_root / COURSE_FILE
    if not path.exists():
        return Policy()
    table = read_table(path, _CourseTable)
    if isinstance(table, str):
        raise CourseError(f"{path}: {table}")
    zone: tzinfo | None = None
    if table.timezone:
        zone = _zone(table.timezone)
        if zone is None:
            raise CourseError(f'{path}: key timezone: {table.timezone!r} is not known; write one like "Europe/Berlin"')
    exercises = {}
    for slug, entry in table.exercises.items():
        if known and slug not in known:
            raise CourseError(f"{path}: key exercises.{slug}: no exercise is called {slug!r}")
        terms = convert(entry, _TermsTable, f"exercises.{slug}")
        if isinstance(terms, str):
            raise CourseError(f"{path}: {terms}")
        due = ""
        if terms.due is not None:
            try:
                due = _utc(terms.due, zone)
            except (ValueError, OverflowError) as error:
                raise CourseError(f"{path}: key exercises.{slug}.due: {error}") from None
        exercises[slug] = Terms(due=due, weight=terms.weight)
    return Policy(
        title=table.title, attempt=table.attempt, timezone=table.timezone, late=table.late, exercises=exercises
    )


def lateness(policy: Policy, due: str, submitted_at: str, late: bool | None) -> tuple[float, float]:
    """How late something is and what it costs: (seconds after the due time, percent off). Both 0 if it is in time.

    The times decide where both are known. Otherwise only what the download says is known: `late` costs one started
    day, and the seconds are 0. Within the grace the seconds are told and nothing is off.
    """
    due_time, time = _time(due), _time(submitted_at)
    per_day, most = policy.late.percent_per_day, policy.late.max_percent
    if due_time is None or time is None:
        return 0.0, min(per_day, most) if late else 0.0
    late_s = (time - due_time).total_seconds()
    if late_s <= 0:
        return 0.0, 0.0
    if late_s <= policy.late.grace_minutes * 60 or not per_day:
        return late_s, 0.0
    return late_s, min(most, per_day * _started_days(due_time, time, policy.timezone))


def points_of(grade: AttemptGrade) -> float:
    """The points of an attempt after lateness."""
    if not grade.percent_off:
        return grade.score
    return round(grade.score * (1 - grade.percent_off / 100), POINTS_DIGITS)


def cell(
    policy: Policy,
    column: Column,
    attempts: Sequence[AttemptGrade],
    adjustment: Adjustment | None = None,
    refused: str = "",
) -> Cell:
    """What a student has in an exercise, from all attempts in the order of handing in, oldest first.

    "last": the last attempt counts, whatever became of it; if it could not be graded, nothing else does instead.
    "best": the one with the most points after lateness, of equal ones the earliest; but while an attempt that could
    beat it has no grade yet, the cell has none either. `refused` is why other work of the student was not read.
    An adjustment is what counts instead, also where there is no attempt at all: the cell is then GRADED.
    """
    counted, state = _counted(policy, column, attempts)
    if state is CellState.MISSING and refused:
        state = CellState.REFUSED
    points: float | None = None
    if state is CellState.GRADED and counted is not None:
        points = points_of(counted)
    elif state in (CellState.MISSING, CellState.REFUSED):
        points = 0.0
    if adjustment is not None:
        state, points = CellState.GRADED, adjustment.points
    known = counted is not None and counted.max_score > 0 and counted.status not in (None, Status.UNGRADED)
    return Cell(
        slug=column.slug,
        state=state,
        max_score=counted.max_score if known and counted is not None else column.max_score,
        points=points,
        counted=counted,
        attempts=tuple(attempts),
        adjustment=adjustment,
        why=refused if state is CellState.REFUSED else "",
    )


def row(student: Student, cells: Sequence[Cell], columns: Sequence[Column]) -> Row:
    """A student's row: `total` is the sum of weight x points, `max_total` of weight x maximum, of cells with points."""
    total = max_total = 0.0
    complete = True
    for one, column in zip(cells, columns, strict=True):
        if one.points is None:
            complete = False
        else:
            total += column.weight * one.points
            max_total += column.weight * one.max_score
    return Row(
        student=student,
        cells=tuple(cells),
        total=round(total, POINTS_DIGITS),
        max_total=round(max_total, POINTS_DIGITS),
        complete=complete,
    )


def _counted(policy: Policy, column: Column, attempts: Sequence[AttemptGrade]) -> tuple[AttemptGrade | None, CellState]:
    if not attempts:
        return None, CellState.MISSING
    if policy.attempt is Attempt.LAST:
        return attempts[-1], _state(attempts[-1])
    graded = [one for one in attempts if _state(one) is CellState.GRADED]
    best = max(graded, key=points_of, default=None)
    for state in (CellState.WAITING, CellState.UNGRADED):
        for one in attempts:
            most = column.max_score * (1 - one.percent_off / 100)
            if _state(one) is state and (best is None or most > points_of(best)):
                return one, state
    return best, CellState.GRADED


def _state(grade: AttemptGrade) -> CellState:
    match grade.status:
        case None:
            return CellState.WAITING
        case Status.UNGRADED:
            return CellState.UNGRADED
        case _:
            return CellState.GRADED


def _started_days(due: datetime, time: datetime, timezone: str) -> int:
    """How many days after `due` had been started at `time`, which is later.

    With a time zone a day ends at the same time of day as the due time, on the clock on the wall there; so the day on
    which the clocks change has 23 or 25 hours. Without one a day has 24 hours.
    """
    days, rest = divmod(time - due, _DAY)
    zone = _zone(timezone) if timezone else None
    if zone is None or _MARGIN < rest < _DAY - _MARGIN:  # whatever the clocks did, that is the day
        return days + (rest > _NO_TIME)
    wall = due.astimezone(zone).replace(tzinfo=None)
    day = max(1, days)
    try:
        while _instant(wall + day * _DAY, zone) < time:
            day += 1
    except OverflowError:  # at the end of the calendar, where a forged time stamp may be
        return days + (rest > _NO_TIME)
    return day


def _instant(wall: datetime, zone: tzinfo) -> datetime:
    """The instant at which the clock on the wall shows `wall`.

    When the clocks change, a time is there twice or not at all. Then it is the later of the two that could be meant:
    nobody is late who could think that there is time.
    """
    return max(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _utc(due: datetime, zone: tzinfo | None) -> str:
    if due.tzinfo is not None:
        return due.astimezone(UTC).isoformat(timespec="seconds")
    if zone is None:
        raise ValueError("a time without an offset; add one (2026-03-01T12:00:00+01:00) or the key timezone at the top")
    return _instant(due, zone).isoformat(timespec="seconds")


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # not known, or a path that is no zone
        return None


@lru_cache(maxsize=4096)
def _time(text: str) -> datetime | None:
    """The instant of an ISO 8601 text; None if it is empty or none. One without an offset is in UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


__all__ = ["COURSE_FILE", "Attempt", "Late", "Policy", "Terms", "cell", "lateness", "load", "points_of", "row"]
