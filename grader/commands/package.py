"""`grade package`: what services need that grade each hand-in by themselves."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from grader.commands.common import Exit, course_for, say
from grader.course import EXERCISES, Course
from grader.submission import shown


class Gradescope(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    out: Path
    only: tuple[str, ...] = ()
    chapters: tuple[str, ...] = ()
    visibility: str = "visible"
    stdout_visibility: str = "hidden"
    required: str | None = None
    course: Path | None = None


def gradescope(request: Gradescope) -> Exit:
    """Write the autograder. Raises click.UsageError for what can't be made."""
    from grader.handout.errors import HandoutError
    from grader.handout.gradescope import Shown, Visibility
    from grader.handout.package import package
    from grader.model import Level

    course = _selected(request.course, request.only, request.chapters)
    show = Shown(visibility=Visibility(request.visibility), stdout=Visibility(request.stdout_visibility))
    try:
        size = package(course, request.out, show, Level(request.required or Level.NONE))
    except HandoutError as error:
        raise click.UsageError(str(error)) from error
    count = "1 exercise" if len(course.slugs) == 1 else f"{len(course.slugs)} exercises"
    click.echo(f"{shown(request.out)}: {count}, {size / 1024:,.0f} KiB. It holds the suites: keep it from students.")
    return Exit.FULL_MARKS


class Github(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    out: Path
    only: tuple[str, ...] = ()
    chapters: tuple[str, ...] = ()
    run_in: str = ""
    course: Path | None = None


def github(request: Github) -> Exit:
    """Write the workflows. Raises click.UsageError for what can't be made."""
    from grader.handout.errors import HandoutError
    from grader.handout.github import INSTRUCTOR, STUDENTS, workflows
    from grader.handout.place import put_in_folder

    course = _selected(request.course, request.only, request.chapters)
    try:
        if request.out.resolve().is_relative_to(course.root / EXERCISES):
            raise HandoutError(f"{shown(request.out)}: it is in {EXERCISES}/ of the course; name a place outside of it")
        put_in_folder(request.out, workflows(course, request.run_in))
    except HandoutError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"{shown(request.out / STUDENTS)}: for the repository that those of the students are made from")
    click.echo(f"{shown(request.out / INSTRUCTOR)}: for the private repository of the course")
    if request.run_in:
        say("Students can read the suites: whoever can change a workflow can print its secrets.")
    return Exit.FULL_MARKS


def points(out: Path, place: str) -> Exit:
    """Write the events that take the points to the students' repositories. Raises click.UsageError."""
    from grader.files import write_atomically
    from grader.gradebook import Gradebook, GradebookError
    from grader.handout.github import dispatches

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise click.UsageError(f"{shown(out)} is there already; name a new or an empty folder")
    written = 0
    try:
        with Gradebook.open(place, read_only=True) as book:
            students = sum(1 for _ in book.rows())
            out.mkdir(parents=True, exist_ok=True)
            for repository, body in dispatches(book):
                write_atomically(out / f"{repository}.json", body)
                written += 1
    except GradebookError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"{shown(out)}: {written:,} files, one for the repository of each student who is fully graded")
    if left_out := students - written:
        say(f"{left_out:,} of {students:,} students left out: not fully graded, or without work in a repository")
    return Exit.FULL_MARKS


def _selected(folder: Path | None, only: tuple[str, ...], chapters: tuple[str, ...]) -> Course:
    from grader.handout.errors import HandoutError
    from grader.handout.selection import narrowed

    course = course_for((), folder)
    for line in course.problems:
        say(line)
    try:
        return narrowed(course, only, chapters)
    except HandoutError as error:
        raise click.UsageError(str(error)) from error
