"""Copies of a course for its own proof.

`as_it_is` changes nothing that a check could notice. In `turned` no check waits for another, and they run in the
opposite order: what holds in the course must hold there too. Where it does not, the checks of a suite depend on each
other.

Wrong and right files stay behind. With them the judge would look for the mistake behind each failure, which takes most
of the time of a run and is no part of the proof.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from grader.course import Course
from grader.proof.independent import copy, independent

# After everything else in the suite, so that all its lines keep their numbers.
_TURNED = """

for _name in [_one for _one in list(globals()) if _one.startswith("test")][::-1]:
    globals()[_name] = globals().pop(_name)
"""


def as_it_is(course: Course, folder: Path) -> Course:
    """Copy `course` into `folder`. Raises `CourseError` where the copy is no course, and OSError."""
    return _without_kept(copy(course, folder))


def turned(course: Course, folder: Path) -> Course:
    """Copy `course` into `folder` and turn its suites round. Raises as `as_it_is` does."""
    copied = _without_kept(independent(course, folder))
    for exercise in copied.exercises:
        with exercise.suite.open("a", encoding="utf-8") as suite:
            suite.write(_TURNED)
    return copied


def _without_kept(course: Course) -> Course:
    for exercise in course.exercises:
        for kind in ("wrong", "right"):
            shutil.rmtree(exercise.suite.parent / kind, ignore_errors=True)
    return course
