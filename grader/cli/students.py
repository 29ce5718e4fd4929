"""What students call, and whoever grades some files: `grade PATH...`, `list`, `hint`, `doctor`."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import click

from grader.cli.group import Grade, GradingCommand, main
from grader.cli.options import COURSE, COURSE_OF_PATH, FILE, SEED_MAX, finite
from grader.commands.common import Exit, did_you_mean
from grader.submission import shown

# Those of grader.sandbox, which is not imported for --help.
LAYERS = ("bubblewrap", "namespaces", "landlock", "seccomp")


@main.command(Grade.default, cls=GradingCommand, add_help_option=False)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=FILE)
@click.option("--exercise", "only", multiple=True, metavar="SLUG", help="Only this exercise; may be repeated.")
@click.option(
    "--html",
    type=FILE,
    default=Path("report.html"),
    show_default=True,
    metavar="FILE",
    help="The HTML report.",
)
@click.option("--json", type=FILE, metavar="FILE", help="Write the result file as well.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    callback=finite,
    metavar="SECONDS",
    help="Time for one check.  [default: as the exercise says]",
)
@click.option(
    "--seed",
    type=click.IntRange(0, SEED_MAX),
    metavar="N",
    help="Repeat the run that had this seed.  [default: fresh]",
)
@click.option(
    "--isolation",
    type=click.Choice(["auto", "sandbox", "process"]),
    default="auto",
    help="What keeps submitted code from this machine: the best that it has (auto), the best or nothing (sandbox), "
    "or no more than a process of its own.  [default: auto]",
)
@click.option(
    "--require-isolation",
    "required",
    type=click.Choice(["process", "sandbox"]),
    envvar="GRADE_REQUIRE_ISOLATION",
    show_envvar=True,
    help="Refuse to grade with less; grade doctor says what this machine has.",
)
@click.option("--allow-forbidden", is_flag=True, help="Do not look for APIs that an exercise forbids.")
@COURSE_OF_PATH
@click.option("--watch", is_flag=True, help="Grade again on save, only what changed.")
@click.option("--open", "open_", is_flag=True, help="Open the report in a browser.")
@click.option(
    "--github-classroom",
    "classroom",
    is_flag=True,
    help="In a step of GitHub Actions: hand the results of all exercises to GitHub Classroom.",
)
@click.help_option("-h", "--help", hidden=True)
def paths_command(paths: tuple[Path, ...], open_: bool, classroom: bool, course: Path | None, **options: Any) -> Exit:
    """Grade the exercises found in PATH."""
    for path in paths:
        if not os.path.lexists(path):
            raise click.UsageError(_no_such(path))
    required = options["required"]
    if required == "sandbox" and options["isolation"] == "process":
        raise click.UsageError(
            "--isolation process is less than --require-isolation sandbox (or GRADE_REQUIRE_ISOLATION) allows"
        )
    if options["watch"]:
        from grader.commands.watch import require

        require()
    from grader.commands import grade

    request = grade.Request(paths=paths, open=open_, course=course, **options)
    if classroom:
        from grader.commands import classroom as for_classroom

        return for_classroom.run(request)
    return grade.run(request)


@main.command("list")
@COURSE
def list_command(course: Path | None) -> Exit:
    """Show the syllabus, with what is done."""
    from grader.commands import syllabus

    return syllabus.run(course)


@main.command("hint")
@click.argument("slug")
@click.argument("level", type=int, default=1)
@COURSE
def hint_command(slug: str, level: int, course: Path | None) -> Exit:
    """Show a hint for the exercise SLUG.

    LEVEL is 1 for a first nudge (the default); higher ones say more.
    """
    from grader.commands import hint

    return hint.run(slug, level, course)


@main.command("doctor", short_help="Find out how far submitted code is kept away.")
@COURSE
@click.option("--json", type=FILE, metavar="FILE", help="Write what was found as well.")
@click.option("--without", multiple=True, type=click.Choice(LAYERS), hidden=True, help="Leave out a layer.")
def doctor_command(course: Path | None, json: Path | None, without: tuple[str, ...]) -> Exit:
    """Find out how far this machine keeps submitted code away.

    Runs submissions that try what is forbidden, reports what happened, and says what to install or change.

    Exit status: 0 the isolation is that of a sandbox, 1 it is less, 3 nothing could be tried.
    """
    from grader.commands import doctor

    return doctor.run(course, json, without=without)


def _no_such(path: Path) -> str:
    text = f"no such path or command: {shown(path)}"
    commands = [name for name in main.commands if name != Grade.default]
    close = did_you_mean(str(path), commands)
    if close.startswith("; did"):
        return text + close.replace("mean ", "mean grade ")
    siblings: list[str] = []
    with contextlib.suppress(OSError):
        siblings = [one.name for one in path.absolute().parent.iterdir() if not one.name.startswith(".")]
    close = did_you_mean(path.name, siblings)
    return text + close if close.startswith("; did") else text
