"""A copy of a course for its own proof: no check waits for another, they run in the opposite order, with two threads.

What holds in the course as it is must hold there too; where it does not, the checks of a suite depend on each other, or
on how torch adds up. What is only for students (hints by the author's wrong files) is left out, which saves time.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from grader.course import Course
from grader.proof.independent import independent

# After everything else in the suite, so that all its lines keep their numbers.
_TURNED = """

import torch as _torch

_torch.set_num_threads(2)
for _name in [_one for _one in list(globals()) if _one.startswith("test")][::-1]:
    globals()[_name] = globals().pop(_name)
"""


def variant(course: Course, folder: Path) -> Course:
    """Copy `course` into `folder` and change its suites. Raises `CourseError` and OSError as `independent` does."""
    copied = independent(course, folder)
    for exercise in copied.exercises:
        with exercise.suite.open("a", encoding="utf-8") as suite:
            suite.write(_TURNED)
        for kind in ("wrong", "right"):
            shutil.rmtree(exercise.suite.parent / kind, ignore_errors=True)
    return copied
