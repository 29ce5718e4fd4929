"""`grade notebooks OUT`: write the notebooks that students get."""

from __future__ import annotations

from pathlib import Path

import click

from grader.commands.common import Exit, course_for, say
from grader.files import write_atomically
from grader.submission import shown


def run(out: Path, part: str, folder: Path | None, *, force: bool) -> Exit:
    """Write them and name them. A notebook that is there and differs stays, unless `force`: it may hold work.

    Raises click.UsageError for a place or a stub that can't be used.
    """
    from grader.notebooks.write import Part, StubError, notebooks

    course = course_for((), folder)
    for line in course.problems:
        say(line)
    if out.exists() and not out.is_dir():
        raise click.UsageError(f"{shown(out)} is a file; name a folder for the notebooks")
    try:
        made = notebooks(course, Part(part))
    except StubError as error:
        raise click.UsageError(str(error)) from error
    if not made:
        raise click.UsageError("this course has no exercise to write a notebook for")
    paths = {out / sheet.place: sheet.data for sheet in made}
    kept = [path for path, data in paths.items() if not force and _differs(path, data)]
    if kept:
        others = f" and {len(kept) - 1} more" if len(kept) > 1 else ""
        raise click.UsageError(
            f"{shown(kept[0])}{others} is there already and holds something else, perhaps work; "
            "name another folder, or say --force to replace it"
        )
    for path, data in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
        click.echo(shown(path))
    return Exit.OUR_FAULT if course.problems else Exit.FULL_MARKS


def _differs(path: Path, data: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(data) + 1) != data
    except FileNotFoundError:
        return False
