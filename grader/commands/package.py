"""`grade package`: what services need that grade each hand-in by themselves."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from grader.commands.common import Exit, course_for, say
from grader.course import Course
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
