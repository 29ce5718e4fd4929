"""`grade hint SLUG [LEVEL]`: one hint of an exercise, from a first nudge to nearly there."""

from __future__ import annotations

from pathlib import Path

import click

from grader.commands.common import Exit, course_for, exercise_for


def run(slug: str, level: int, course_dir: Path | None) -> Exit:
    """Print the hint of that level (from 1). Raises click.UsageError for an unknown slug or level."""
    exercise = exercise_for(course_for([], course_dir), slug)
    count = len(exercise.hints)
    if not count:
        click.echo(f"{slug} has no hints. Its statement is at the top of {exercise.stub.name}.")
        return Exit.FULL_MARKS
    if not 1 <= level <= count:
        levels = "1" if count == 1 else f"1 to {count}"
        raise click.UsageError(f"{slug} has {'one hint' if count == 1 else f'{count} hints'}; LEVEL is {levels}")
    click.echo(f"{slug}, hint {level} of {count}")
    click.echo(exercise.hints[level - 1])
    if level < count:
        click.echo(f"Still stuck? grade hint {slug} {level + 1}")
    return Exit.FULL_MARKS
