"""What a score depends on besides the submission, as one digest for each exercise.

A result is kept under the content that was graded and this digest, so that nothing is graded twice and nothing is
taken for graded that a change of the suite, of the grader or of torch could grade differently.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from grader.course import SOLUTIONS, Course, Exercise
from grader.engine import Options

# Modules that decide how a result is shown or kept, and nothing about what it is.
_NO_JUDGES = (
    "batch", "classroom.py", "cli", "commands", "dashboard", "doctor", "gradebook", "handback", "handout", "intake",
    "junit.py", "policy.py", "progress.py", "proof", "report", "similarity",
)  # fmt: skip
# What an author keeps beside a suite that no submission is graded with.
_NO_SUITE = ("right", "equivalent.toml")


def exercise_digests(course: Course, options: Options) -> dict[str, str]:
    """For each slug, the SHA-256 (hex) of everything that a score in it depends on, the submission and seed excepted.

    That is the exercise's private files, what its suites share (`conftest.py` and modules beside them), its stub, the
    grader's own code, the versions of Python and torch, and the options that can change a score. Raises OSError.
    """
    common = json.dumps([grader_digest(), platform.python_version(), _torch(), options.timeout_s, options.forbidden])
    return {exercise.slug: _digest(course, exercise, common) for exercise in course.exercises}


@cache
def grader_digest() -> str:
    """The SHA-256 (hex) of the grader's code that decides about scores."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        place = path.relative_to(package)
        if place.parts[0] not in _NO_JUDGES and path.suffix in (".py", ".bpf"):
            _add(digest, place.as_posix(), path)
    return digest.hexdigest()


def _digest(course: Course, exercise: Exercise, common: str) -> str:
    digest = hashlib.sha256(common.encode())
    for path in _files(course.root, exercise):
        _add(digest, path.relative_to(course.root).as_posix(), path)
    return digest.hexdigest()


def _files(root: Path, exercise: Exercise) -> Iterator[Path]:
    yield exercise.stub
    folder = exercise.suite.parent
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if path.is_file() and place.parts[0] not in _NO_SUITE and path.suffix != ".pyc":
            yield path
    # What suites may import or pytest reads on the way down to them.
    for shared in (root / SOLUTIONS, folder.parent):
        yield from sorted(path for path in shared.glob("*.py") if path.is_file())


def _add(digest: hashlib._Hash, name: str, path: Path) -> None:
    data = path.read_bytes()
    digest.update(f"{name}\0{len(data)}\0".encode())
    digest.update(data)


def _torch() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""
