"""The autograder for Gradescope: a zip with the grader, the private tree of some exercises, and how to set it up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from grader.course import EXERCISES, SOLUTIONS, Course, Exercise
from grader.files import write_atomically
from grader.handout.archive import pack
from grader.handout.autograder import COURSE, SETTINGS, Settings
from grader.handout.errors import HandoutError
from grader.handout.gradescope import Shown
from grader.handout.wheel import constraints, wheel
from grader.model import Level
from grader.submission import shown

TEMPLATES = Path(__file__).parent / "templates" / "gradescope"
SETUP, RUN = "setup.sh", "run_autograder"
SIZE_MAX_BYTES = 100 << 20
# What grading does not need: these prove the suite.
_PROOF = ("right", "equivalent.toml")


def package(course: Course, out: Path, show: Shown | None = None, required: Level = Level.NONE) -> int:
    """Write the zip for the exercises of `course` to `out`, and return its size in bytes.

    The same files give the same bytes. Raises HandoutError and OSError; nothing is written then.
    """
    if out.suffix.lower() != ".zip":
        raise HandoutError(f"{shown(out)}: the package is a zip; name a file that ends in .zip")
    if out.resolve().is_relative_to(course.root / EXERCISES):
        raise HandoutError(f"{shown(out)}: it is in {EXERCISES}/, which students get; name a place outside of it")
    data = pack(contents(course, show, required), executable=(SETUP, RUN))
    if len(data) > SIZE_MAX_BYTES:
        raise HandoutError(
            f"the package would have {len(data) >> 20} MiB, at most {SIZE_MAX_BYTES >> 20} are sensible; "
            f"move large files out of {SOLUTIONS}/"
        )
    write_atomically(out, data)
    return len(data)


def contents(course: Course, show: Shown | None = None, required: Level = Level.NONE) -> dict[str, bytes]:
    """The files of the package by path. Raises HandoutError and OSError."""
    name, built = wheel()
    settings = Settings(slugs=course.slugs, show=show or Shown(), required=required)
    files = {
        SETUP: (TEMPLATES / "setup.sh").read_bytes(),
        RUN: (TEMPLATES / "run_autograder.sh").read_bytes(),
        SETTINGS: msgspec.json.format(msgspec.json.encode(settings), indent=1) + b"\n",
        "constraints.txt": constraints(),
        f"wheels/{name}": built,
    }
    for path in sorted(needed(course)):
        files[f"{COURSE}/{path.relative_to(course.root).as_posix()}"] = path.read_bytes()
    return files


def needed(course: Course) -> Iterator[Path]:
    """The files that grading the exercises of `course` takes: no caches, and nothing of other exercises.

    Files that lie beside exercises (a `conftest.py`, what suites share) are taken along. Links are not: what they lead
    to may be anything. Raises HandoutError for one.
    """
    yield from _loose(course.root, "conftest.py")
    yield from _loose(course.root, "course.toml")
    yield from _loose(course.root / SOLUTIONS, "*.py")
    for chapter in {one.chapter for one in course.exercises}:
        yield from _loose(course.root / SOLUTIONS / chapter, "*.py")
    for exercise in course.exercises:
        yield exercise.stub
        yield from _private(exercise)


def _private(exercise: Exercise) -> Iterator[Path]:
    home = exercise.suite.parent
    for path in home.rglob("*"):
        parts = path.relative_to(home).parts
        if parts[0] in _PROOF or path.suffix == ".pyc" or any(_is_cache(part) for part in parts):
            continue
        if path.is_symlink():
            raise HandoutError(f"{shown(path)} is a link, which is not followed; put the file itself there")
        if path.is_file():
            yield path


def _is_cache(name: str) -> bool:
    return name.startswith(".") or name.endswith("~") or name == "__pycache__"


def _loose(folder: Path, pattern: str) -> Iterator[Path]:
    return (path for path in folder.glob(pattern) if path.is_file() and not path.is_symlink())
