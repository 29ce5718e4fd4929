"""The nouns of a class: students, what they handed in, what it earned, and the table of it all.

What reads downloads (`grader.intake`) makes `HandIn`s, the gradebook keeps them and what they earned, and everything
that is shown or handed back is rendered from `Row`s. Scores are points, durations seconds, times ISO 8601 in UTC
(`2026-03-01T12:00:00+00:00`), empty when unknown. Names are text of the student's: clean it where it is shown.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from grader.model import ExerciseResult, Status
from grader.submission import Submission


class Layout(StrEnum):
    """How a download keeps the work of a class apart."""

    CANVAS = "canvas"
    MOODLE = "moodle"
    GRADESCOPE = "gradescope"
    GITHUB = "github"
    NBGRADER = "nbgrader"
    FOLDERS = "folders"
    FLAT = "flat"


class Student(msgspec.Struct, frozen=True, kw_only=True):
    """One person. `key` is unique in the class and the same in every download: `canvas:1234`, `github:octocat`.

    `ids` is what the learning management system knows the person by, for handing back: any of `canvas_user`,
    `moodle_participant`, `gradescope_sid`, `email`, `github_login`, `nbgrader_student`, `folder`, `username`.
    """

    key: str
    name: str = ""
    ids: dict[str, str] = {}


class HandIn(msgspec.Struct, frozen=True, kw_only=True):
    """One file that one student handed in for one exercise, in one attempt.

    `attempt` counts from 1 in the order of handing in. `late` is what the download says, None where it says nothing.
    `ref` is how the download names the file (Canvas: the whole name; Moodle: the folder), for handing feedback back.
    The members of a group have a hand-in each, of the same file.
    """

    student: Student
    attempt: int = 1
    submitted_at: str = ""
    late: bool | None = None
    ref: str = ""
    submission: Submission


class Unmatched(msgspec.Struct, frozen=True, kw_only=True):
    """A file of nobody or for no exercise: its place in the download, and one line that says why."""

    place: str
    why: str
    student: Student | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Work of one student that is not read at all (a hostile archive, say). The others are graded.

    With `slug`, only what was handed in for that exercise: two files, say, and nobody can tell which one is meant.
    """

    student: Student
    place: str
    why: str
    slug: str = ""


class Empty(msgspec.Struct, frozen=True, kw_only=True):
    """A student who is in the download but handed in nothing for any exercise. Such a one is in the class table too."""

    student: Student
    place: str
    why: str


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """What grading one file for one exercise gave, as the gradebook stores it.

    `cpu_s` and `memory_mib` are what the workers used, 0 where unknown; `host` is the machine that graded.
    """

    result: ExerciseResult
    seed: int
    isolation: str = ""
    graded_at: str = ""
    duration_s: float = 0.0
    cpu_s: float = 0.0
    memory_mib: float = 0.0
    host: str = ""


class AttemptGrade(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of one student at one exercise. `status` is None while it waits to be graded.

    `score` is what the suite gave; `percent_off` is what the late policy takes from it.
    """

    submission_id: int
    attempt: int
    file: str
    sha256: str
    ref: str = ""
    submitted_at: str = ""
    late_s: float = 0.0
    percent_off: float = 0.0
    key: str = ""
    status: Status | None = None
    score: float = 0.0
    max_score: float = 0.0
    duration_s: float = 0.0
    memory_mib: float = 0.0
    diagnoses: tuple[str, ...] = ()


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """A person's decision: the points that count instead, out of the exercise's own maximum, and why."""

    points: float
    why: str
    who: str
    at: str


class CellState(StrEnum):
    """What a student has in an exercise."""

    GRADED = "graded"
    UNGRADED = "ungraded"  # our fault: nobody's zero
    WAITING = "waiting"
    REFUSED = "refused"
    MISSING = "missing"


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One student in one exercise. `counted` is the attempt that counts by the course's policy, if any.

    `points` is the score that counts after lateness and adjustment, before weighing; None where `state` is UNGRADED or
    WAITING. A MISSING or REFUSED cell has 0 points.
    """

    slug: str
    state: CellState
    max_score: float
    points: float | None = None
    counted: AttemptGrade | None = None
    attempts: tuple[AttemptGrade, ...] = ()
    adjustment: Adjustment | None = None
    why: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One student: a cell for each exercise, in course order, and the weighed totals.

    `total` and `max_total` leave out cells without points; `complete` is False if there are any.
    """

    student: Student
    cells: tuple[Cell, ...]
    total: float
    max_total: float
    complete: bool


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One exercise of the class table: its points, its weight in the total, and when it was due.

    `checks` are (id, title, points) of its suite in order.
    """

    slug: str
    title: str
    chapter: str
    max_score: float
    weight: float = 1.0
    due: str = ""
    checks: tuple[tuple[str, str, float], ...] = ()
