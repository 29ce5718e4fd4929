"""What makes things to give out: `notebooks`, `release`, `package`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from grader.cli.group import main
from grader.cli.options import CHAPTERS, COURSE, FILE, GRADEBOOK, ONLY
from grader.commands.common import Exit

# Those of grader.handout.gradescope.
VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")


@main.command("notebooks", short_help="Write the notebooks of students.")
@click.argument("out", metavar="OUT", type=FILE)
@click.option("--chapter", "part", flag_value="chapter", help="One notebook for each chapter.")
@click.option("--whole", "part", flag_value="whole", help="One notebook for the whole course.")
@click.option("--force", is_flag=True, help="Replace notebooks that are there and differ.")
@COURSE
def notebooks_command(out: Path, part: str | None, force: bool, course: Path | None) -> Exit:
    """Write the notebooks that students get into the folder OUT.

    One for each exercise, made from its stub, unless an option says otherwise.
    """
    from grader.commands import notebooks

    return notebooks.run(out, part or "exercise", course, force=force)


@main.command("release", short_help="Make the hand-out.")
@click.argument("out", type=FILE)
@ONLY
@CHAPTERS
@click.option("--title", default="Exercises", show_default=True, help="The heading of its README.")
@click.option("--hand-in", type=FILE, metavar="FILE", help="Markdown that says how to hand in, in place of our words.")
@click.option("--points/--no-points", default=True, help="Say in the README what each exercise is worth.")
@click.option("--notebooks/--no-notebooks", default=True, help="Add the exercises as notebooks.")
@click.option("--overwrite", is_flag=True, help="Replace files of an earlier release that were changed since.")
@COURSE
def release_command(**options: Any) -> Exit:
    """Make the hand-out for students: OUT is a folder, or a file that ends in .zip.

    It is searched for everything private before anything is written. A folder that was made by an earlier release is
    brought up to date; files of others in it are left alone.
    """
    from grader.commands import release

    return release.run(release.Request(**options))


@main.group("package", short_help="Make an autograder for Gradescope or GitHub.")
def package_group() -> None:
    """Make what services need that grade each hand-in by themselves."""


@package_group.command("gradescope")
@click.argument("out", metavar="OUT.zip", type=FILE)
@ONLY
@CHAPTERS
@click.option(
    "--visibility",
    type=click.Choice(VISIBILITIES),
    default="visible",
    show_default=True,
    help="When students see the checks. As long as they don't, they see no total either.",
)
@click.option(
    "--stdout-visibility",
    type=click.Choice(VISIBILITIES),
    default="hidden",
    show_default=True,
    help="When students see what the grader prints; hidden is for instructors only.",
)
@click.option(
    "--require-isolation",
    "required",
    type=click.Choice(["process", "sandbox"]),
    help="Give no score where the container has less.",
)
@COURSE
def package_gradescope_command(**options: Any) -> Exit:
    """Make the autograder that Gradescope runs: a zip with the grader and the suites."""
    from grader.commands import package

    return package.gradescope(package.Gradescope(**options))


@package_group.command("github")
@click.argument("out", type=FILE)
@ONLY
@CHAPTERS
@click.option(
    "--run-in-student-repositories",
    "run_in",
    default="",
    metavar="OWNER/COURSE",
    help="Grade there, on each push, with the course from this repository. Students can then read its suites.",
)
@COURSE
def package_github_command(**options: Any) -> Exit:
    """Make the workflows for GitHub Classroom, in the folder OUT.

    OUT/students goes into the repository that those of the students are made from, OUT/instructor into the private one
    of the course, which grades the class on a schedule and sends the points.
    """
    from grader.commands import package

    return package.github(package.Github(**options))


@package_group.command("github-points")
@click.argument("out", type=FILE)
@GRADEBOOK
def package_points_command(out: Path, gradebook: str) -> Exit:
    """Make what the instructor's workflow sends: a file in OUT for the repository of each student."""
    from grader.commands import package

    return package.points(out, gradebook)
