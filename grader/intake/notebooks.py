"""What a notebook holds: for which exercises, and what for each of them.

One notebook is asked for once for each exercise, so the last few that were read are kept.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec

from grader.course import Course
from grader.submission import Submission, read_notebook, stubs_of

KEPT = 4

Read = tuple[Submission, ...] | str


def notebook_slugs(path: Path, course: Course) -> tuple[str, ...]:
    """The slugs of the exercises that the notebook at `path` holds, in course order; none if it is no notebook."""
    found = _read(path, course)
    return () if isinstance(found, str) else tuple(one.slug for one in found)


def notebook_problem(path: Path, course: Course) -> str:
    """What is wrong with the notebook as a whole, as the rest of a sentence that starts with its name; or nothing."""
    found = _read(path, course)
    return found.removeprefix(path.name).lstrip() if isinstance(found, str) else ""


def notebook_answer(path: Path, name: str, slug: str, course: Course) -> Submission:
    """What the notebook holds for the exercise, with a problem if that is nothing. `name` is its owner's for it."""
    found = _read(path, course)
    if not isinstance(found, str):
        for one in found:
            if one.slug == slug:
                return _named(one, path, name)
    asked = read_notebook(path, stubs_of(course, course.slugs), asked=slug, follow_links=False)
    assert not isinstance(asked, str)  # whoever asks for a slug gets it
    return _named(next(one for one in asked if one.slug == slug), path, name)


def _named(one: Submission, path: Path, name: str) -> Submission:
    problem = name + one.problem.removeprefix(path.name) if one.problem.startswith(path.name) else one.problem
    return msgspec.structs.replace(one, file=name, problem=problem)


def _read(path: Path, course: Course) -> Read:
    try:
        status = path.lstat()
    except OSError as error:
        return f"{path.name} can't be read ({error.strerror or error})"
    stubs = tuple(stubs_of(course, course.slugs).items())
    return _kept(path, (status.st_mtime_ns, status.st_size, status.st_ino), stubs)


@lru_cache(maxsize=KEPT)
def _kept(path: Path, _state: tuple[int, ...], stubs: tuple[tuple[str, str], ...]) -> Read:
    return read_notebook(path, dict(stubs), follow_links=False)
