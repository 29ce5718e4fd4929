"""`grade new`: the files of a new exercise, and what to do with them."""

from __future__ import annotations

from pathlib import Path

import click

from grader.commands.common import Exit, course_for, say
from grader.submission import shown


def run(slug: str, chapter: str, folder: Path | None) -> Exit:
    """Write the files and name them. Raises click.UsageError for a name that can't be."""
    from grader.proof.template import TemplateError, files, write

    course = course_for((), folder)
    try:
        made = files(course, slug, chapter)
    except TemplateError as error:
        raise click.UsageError(str(error)) from error
    try:
        write(made)
    except OSError as error:
        say(f"{shown(Path(error.filename or course.root))}: can't be written ({error.strerror or error})")
        return Exit.OUR_FAULT
    for path in made:
        click.echo(path.relative_to(course.root).as_posix())
    click.echo(f"Each says what to change in it. What is next: grade check {slug}")
    return Exit.FULL_MARKS
