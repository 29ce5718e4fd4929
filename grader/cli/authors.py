"""What authors of exercises call: `check`, `new`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from grader.cli.group import main
from grader.cli.options import COURSE, FILE, SEED_MAX
from grader.commands.common import Exit

# Those of grader.proof.findings.
PHASES = ("structure", "stub", "reference", "right", "wrong", "null", "checks", "mutants", "margins", "messages")


@main.command("check", short_help="Prove exercises: suites, solutions, texts.")
@click.argument("slugs", metavar="[SLUG]...", nargs=-1)
@click.option(
    "--phase",
    "phases",
    multiple=True,
    type=click.Choice(PHASES),
    metavar="NAME",
    help=f"Only this phase; may be repeated. One of {', '.join(PHASES)}.",
)
@click.option(
    "--no-mutants", is_flag=True, help="Break no reference solution on purpose, which takes most of the time."
)
@click.option("--json", type=FILE, metavar="FILE", help="Write what was found as well.")
@click.option("--junit", type=FILE, metavar="FILE", help="Write it as JUnit XML, a test for each phase.")
@click.option("--seed", type=click.IntRange(0, SEED_MAX), metavar="N", help="Repeat the run that had this seed.")
@COURSE
def check_command(**options: Any) -> Exit:
    """Prove the exercises of a course: their suites, solutions and texts.

    For authors. Says first what to do next. All exercises, unless some are named.

    Exit status: 0 nothing found, 1 something to change, 2 wrong usage, 3 a failure of the grader.
    """
    from grader.commands import check

    return check.run(check.Request(**options))


@main.command("new", short_help="Start an exercise.")
@click.argument("slug")
@click.option("--chapter", required=True, metavar="NAME", help="The folder that it belongs to, such as 03_modules.")
@COURSE
def new_command(slug: str, chapter: str, course: Path | None) -> Exit:
    """Start an exercise: write its files, each of which says what to change in it."""
    from grader.commands import new

    return new.run(slug, chapter, course)
