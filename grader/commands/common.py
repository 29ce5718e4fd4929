"""What the commands share: exit codes, finding the course, wording of what was mistyped."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from enum import IntEnum
from pathlib import Path

import click

from grader.course import Course, CourseError, Exercise
from grader.submission import shown
from grader.text import clean_line


class Exit(IntEnum):
    """How the program ends."""

    FULL_MARKS = 0
    NOT_FULL = 1
    USAGE = 2
    OUR_FAULT = 3
    INTERRUPTED = 130


class OurFault(click.ClickException):
    """The grader or this machine can't go on."""


def say(line: str) -> None:
    """A line about the run, not a result: it goes to stderr."""
    click.echo(line, err=True)


def check_target(option: str, path: Path | None) -> None:
    """Refuse, before anything runs, a file that can't be meant or has no place to go. Raises click.UsageError."""
    if path is None:
        return
    if path.suffix in (".py", ".ipynb", ".toml"):
        raise click.UsageError(f"{option} {shown(path)}: this looks like a source file; name another one")
    if path.is_dir():
        raise click.UsageError(f"{option} {shown(path)}: is a folder; name a file in it")
    if not path.absolute().parent.is_dir():
        raise click.UsageError(f"{option} {shown(path)}: there is no such folder; create it first")
    if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise click.UsageError(f"{option} {shown(path)}: can't be written; name another place")


def course_for(paths: Sequence[Path], explicit: Path | None = None) -> Course:
    """The course to grade with: `explicit`, or that of the paths, or that of the current folder.

    Raises click.UsageError when there is none, or when paths and current folder are in different ones: the
    suites of a course are run, so those in a folder that was handed in must not be chosen by accident.
    """
    try:
        if explicit is not None:
            return Course.load(explicit)
        found: dict[Path, Course] = {}
        errors: list[CourseError] = []
        for place in (*paths, Path.cwd()):
            if any(place.resolve().is_relative_to(root) for root in found) and place in paths:
                continue
            try:
                course = Course.find(place)
            except CourseError as error:
                errors.append(error)
            else:
                found[course.root] = course
    except CourseError as error:
        raise click.UsageError(str(error)) from error
    if not found:
        raise click.UsageError(str(errors[0]))
    if len(found) > 1:
        roots = " and ".join(shown(root) for root in found)
        raise click.UsageError(f"more than one course: {roots}; say which one with --course DIR")
    return next(iter(found.values()))


def exercise_for(course: Course, slug: str) -> Exercise:
    """The exercise of that slug. Raises click.UsageError, with close names."""
    exercise = course.get(slug)
    if exercise is None:
        if slug in course.broken:
            raise click.UsageError(f"the exercise {slug} is broken in this course; tell your instructor")
        raise click.UsageError(f"no exercise is called {clean_line(slug, 60)!r}{did_you_mean(slug, course.slugs)}")
    return exercise


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message: "; did you mean relu?", or which names there are, or nothing."""
    names = [clean_line(name, 60) for name in known]
    close = difflib.get_close_matches(word[:60].lower(), names, n=2, cutoff=0.6)
    if close:
        return f"; did you mean {' or '.join(close)}?"
    if names and len(names) <= 12:
        return f"; there are {', '.join(names)}"
    return ""
