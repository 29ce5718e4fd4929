"""The command line: parses, hands over to `grader.commands`, and turns how that ended into an exit code.

`grade PATH...` is what most people want, so it needs no verb: what is no command is a path. To keep `grade
--help` instant nothing heavy is imported before a command runs.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from grader import __version__
from grader.commands.common import Exit, OurFault, did_you_mean, say
from grader.submission import shown

# Those of grader.sandbox, which is not imported for --help.
LAYERS = ("bubblewrap", "namespaces", "landlock", "seccomp")
# Those of grader.handout.gradescope.
VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")
# Those of grader.proof.findings.
PHASES = ("structure", "stub", "reference", "right", "wrong", "null", "checks", "mutants", "margins", "messages")
# Those of grader.classroom.
LAYOUTS = ("canvas", "moodle", "gradescope", "github", "nbgrader", "folders", "flat")
EXPORTS = ("canvas", "canvas-feedback", "moodle", "moodle-feedback", "gradescope", "csv", "json", "junit")
SEED_MAX = 2**53 - 1  # as large as the fresh ones get
_OWN_OPTIONS = frozenset({"--help", "-h", "--version"})
_FILE = click.Path(path_type=Path)


class _GradingContext(click.Context):
    """The default command is called by no name, so usage lines don't show one."""

    @property
    def command_path(self) -> str:
        """What was typed to get here."""
        return self.parent.command_path if self.parent is not None else super().command_path


class _GradingCommand(click.Command):
    context_class = _GradingContext


class Grade(click.Group):
    """A group with a default command, `grade PATH...`, and exit codes of its own."""

    default = "paths"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what is neither a command nor an option of the group as arguments of the default command."""
        if args and args[0] not in self.commands and args[0] not in _OWN_OPTIONS:
            args = [self.default, *args]
        elif args and args[0] == self.default:
            args = [self.default, *args]  # a path that is called like our inner name
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands that have a name for the user."""
        return [name for name in super().list_commands(ctx) if name != self.default]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The ways to call it."""
        formatter.write_usage(ctx.command_path, "[OPTIONS] PATH...")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of grading, which is what `grade --help` is asked for, then the commands."""
        command = self.commands[self.default]
        options = (one for one in command.get_params(ctx) if isinstance(one, click.Option))
        records = [record for one in options if (record := one.get_help_record(ctx))]
        own = [record for one in self.get_params(ctx) if (record := one.get_help_record(ctx))]
        with formatter.section("Options"):
            formatter.write_dl([record for record in records if "--help" not in record[0]] + own)
        self.format_commands(ctx, formatter)

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, and end the process with one of the exit codes of `Exit`; no traceback reaches the user."""
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **extra)
        try:
            _prepare_streams()
            code = self._run(args, prog_name, extra)
        except KeyboardInterrupt:
            code = Exit.INTERRUPTED
        sys.exit(_flush(code))

    def _run(self, args: Sequence[str] | None, prog_name: str | None, extra: dict[str, Any]) -> Exit:
        try:
            ended = super().main(args, prog_name, standalone_mode=False, **extra)
            return Exit(ended) if ended is not None else Exit.FULL_MARKS
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            return Exit.USAGE
        except click.ClickException as error:
            say(f"grade: {error.format_message()}")
            if type(error) not in (click.UsageError, click.ClickException, OurFault):  # one of click's own
                say("Try grade --help.")
            return Exit.OUR_FAULT if isinstance(error, OurFault) else Exit.USAGE
        except (click.Abort, KeyboardInterrupt):
            return Exit.INTERRUPTED
        except BrokenPipeError:
            _silence_stdout()
            return Exit.NOT_FULL
        except OSError as error:
            say(f"grade: {error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
            return Exit.OUR_FAULT
        except Exception:  # noqa: BLE001  a defect of ours: one line here, the rest in the log
            from grader.commands.grade import kept_log

            say(f"grade: an internal error, not yours{kept_log(traceback.format_exc())}")
            return Exit.OUR_FAULT


def _prepare_streams() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115  lives as long as the process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ✓ gets a question mark


def _silence_stdout() -> None:
    with contextlib.suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)


def _flush(code: Exit) -> int:
    """Flush while an error can still be told. Returns what the process ends with."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
    except OSError as error:
        _silence_stdout()
        with contextlib.suppress(OSError):
            say(f"grade: the output can't be written: {error.strerror or error}")
        code = Exit.OUR_FAULT
    return int(code)


def _finite(_ctx: click.Context, _param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter("it must be a number of seconds")
    return value


_COURSE = click.option("--course", type=_FILE, metavar="DIR", help="The course.  [default: found from PATH]")

_ONLY = click.option("--exercise", "only", multiple=True, metavar="SLUG", help="Only this exercise; may be repeated.")
_CHAPTERS = click.option(
    "--chapter",
    "chapters",
    multiple=True,
    metavar="NAME",
    help="Only this chapter, such as 03_modules; may be repeated.",
)


@click.group(cls=Grade, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="grade")
def main() -> None:
    """Grade submissions of a PyTorch course: PATH is a file, a chapter or a folder at any depth.

    A submission is named after its exercise, such as matmul.py. A folder that is called like a command is
    written ./list.

    Exit status: 0 full marks, 1 graded and not full, 2 wrong usage, 3 a failure of the grader,
    130 interrupted.
    """


@main.command(Grade.default, cls=_GradingCommand, add_help_option=False)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=_FILE)
@click.option("--exercise", "only", multiple=True, metavar="SLUG", help="Only this exercise; may be repeated.")
@click.option(
    "--html",
    type=_FILE,
    default=Path("report.html"),
    show_default=True,
    metavar="FILE",
    help="The HTML report.",
)
@click.option("--json", type=_FILE, metavar="FILE", help="Write the result file as well.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    callback=_finite,
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
@_COURSE
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
@_COURSE
def list_command(course: Path | None) -> Exit:
    """Show the syllabus, with what is done."""
    from grader.commands import syllabus

    return syllabus.run(course)


@main.command("hint")
@click.argument("slug")
@click.argument("level", type=int, default=1)
@_COURSE
def hint_command(slug: str, level: int, course: Path | None) -> Exit:
    """Show a hint for the exercise SLUG.

    LEVEL is 1 for a first nudge (the default); higher ones say more.
    """
    from grader.commands import hint

    return hint.run(slug, level, course)


@main.command("doctor")
@_COURSE
@click.option("--json", type=_FILE, metavar="FILE", help="Write what was found as well.")
@click.option("--without", multiple=True, type=click.Choice(LAYERS), hidden=True, help="Leave out a layer.")
def doctor_command(course: Path | None, json: Path | None, without: tuple[str, ...]) -> Exit:
    """Find out how far this machine keeps submitted code away.

    Runs submissions that try what is forbidden, reports what happened, and says what to install or change.

    Exit status: 0 the isolation is that of a sandbox, 1 it is less, 3 nothing could be tried.
    """
    from grader.commands import doctor

    return doctor.run(course, json, without=without)


@main.command("check")
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
@click.option("--json", type=_FILE, metavar="FILE", help="Write what was found as well.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write it as JUnit XML, a test for each phase.")
@click.option("--seed", type=click.IntRange(0, SEED_MAX), metavar="N", help="Repeat the run that had this seed.")
@_COURSE
def check_command(**options: Any) -> Exit:
    """Prove the exercises of a course: their suites, solutions and texts.

    For authors. Says first what to do next. All exercises, unless some are named.

    Exit status: 0 nothing found, 1 something to change, 2 wrong usage, 3 a failure of the grader.
    """
    from grader.commands import check

    return check.run(check.Request(**options))


_GRADEBOOK = click.option(
    "--gradebook",
    required=True,
    metavar="PLACE",
    help="The folder that grade batch wrote, its gradebook.sqlite, or a postgresql:// URL.",
)
_GRADING = (
    _COURSE,
    click.option(
        "--jobs", type=click.IntRange(1, 1024), metavar="N", help="Grade so many at once.  [default: one a core]"
    ),
    click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(min=0, min_open=True),
        callback=_finite,
        metavar="SECONDS",
        help="Time for one check.  [default: as the exercise says]",
    ),
    click.option(
        "--isolation", type=click.Choice(["auto", "sandbox", "process"]), default="auto", help="As for grade."
    ),
    click.option(
        "--require-isolation",
        "required",
        type=click.Choice(["process", "sandbox"]),
        envvar="GRADE_REQUIRE_ISOLATION",
        help="Refuse to grade with less.",
    ),
    click.option("--allow-forbidden", is_flag=True, help="Do not look for APIs that an exercise forbids."),
)
_GRADING_NAMES = ("course", "jobs", "timeout_s", "isolation", "required", "allow_forbidden")


def _grading(command: Any) -> Any:
    """The options of every command that grades a class."""
    for option in reversed(_GRADING):
        command = option(command)
    return command


def _split(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options of `_grading` out of `options`."""
    return {name: options.pop(name) for name in _GRADING_NAMES}


@main.command("batch")
@click.argument("submissions", type=_FILE)
@click.option("--out", type=_FILE, required=True, metavar="DIR", help="Where the gradebook and the reports go.")
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    metavar="NAME",
    help=f"How the download is laid out, if that is not seen by itself: {', '.join(LAYOUTS)}.",
)
@click.option("--exercise", "only", multiple=True, metavar="SLUG", help="Only this exercise; may be repeated.")
@click.option("--gradebook", metavar="URL", help="Keep the gradebook there instead: postgresql://...")
@click.option(
    "--seed", type=click.IntRange(0, SEED_MAX), metavar="N", help="For a new gradebook: the seed of all grades."
)
@click.option("--reports/--no-reports", default=True, help="Write the reports and the class report.  [default: yes]")
@click.option("--backup/--no-backup", default=True, help="Copy an older gradebook before updating it.  [default: yes]")
@_grading
def batch_command(**options: Any) -> Exit:
    """Grade a whole class: SUBMISSIONS is what the learning platform lets you download.

    A folder or an archive of Canvas, Moodle, Gradescope, GitHub Classroom or nbgrader, or a folder with one folder or
    file for each student. Each result is kept at once in DIR; a run that was stopped is continued by the same command,
    and nothing is graded twice.

    Exit status: 0 everything is graded, 2 wrong usage, 3 something could not be graded, 130 interrupted.
    """
    from grader.commands import batch

    return batch.run(batch.Request(grading=batch.Grading(**_split(options)), **options))


@main.command("regrade")
@_GRADEBOOK
@click.option("--exercise", "only", multiple=True, metavar="SLUG", help="Only this exercise; may be repeated.")
@click.option("--accept", is_flag=True, help="Let the new grades count.")
@click.option("--who", default="", metavar="NAME", help="Who accepts them.  [default: your login]")
@click.option("--json", type=_FILE, metavar="FILE", help="Write all changes as well.")
@_grading
def regrade_command(**options: Any) -> Exit:
    """Grade a class again after an exercise was changed, and show who gains and who loses.

    Nothing counts before it is accepted. Adjustments by hand stay.

    Exit status: 0 no grade changes or they were accepted, 1 there are changes to accept, 2 wrong usage.
    """
    from grader.commands import batch, regrade

    return regrade.run(regrade.Request(grading=batch.Grading(**_split(options)), **options))


@main.command("adjust")
@click.argument("student")
@click.argument("exercise", metavar="EXERCISE")
@click.argument("points", type=float, required=False)
@click.option("--why", default="", metavar="TEXT", help="The reason, which the student reads too.")
@click.option("--undo", is_flag=True, help="Let the suite's score count again.")
@click.option("--who", default="", metavar="NAME", help="Who decides it.  [default: your login]")
@_GRADEBOOK
def adjust_command(exercise: str, points: float | None, undo: bool, **options: Any) -> Exit:
    """Give STUDENT (a name, e-mail address or id) POINTS in EXERCISE by hand.

    They count instead of the suite's score, survive a regrade, and are kept with the reason: see grade audit.
    """
    if undo == (points is not None):
        raise click.UsageError("say POINTS, or --undo to take an adjustment back")
    if points is not None and not math.isfinite(points):
        raise click.UsageError("POINTS must be a number")
    if not options["why"].strip():
        raise click.UsageError("say --why: the reason is kept, and the student reads it")
    from grader.commands import adjust

    return adjust.run(adjust.Request(slug=exercise, points=points, **options))


@main.command("audit")
@_GRADEBOOK
def audit_command(gradebook: str) -> Exit:
    """Show what people decided about grades, oldest first."""
    from grader.commands import adjust

    return adjust.audit(gradebook)


@main.command("new")
@click.argument("slug")
@click.option("--chapter", required=True, metavar="NAME", help="The folder that it belongs to, such as 03_modules.")
@_COURSE
def new_command(slug: str, chapter: str, course: Path | None) -> Exit:
    """Start an exercise: write its files, each of which says what to change in it."""
    from grader.commands import new

    return new.run(slug, chapter, course)


@main.command("notebooks")
@click.argument("out", metavar="OUT", type=_FILE)
@click.option("--chapter", "part", flag_value="chapter", help="One notebook for each chapter.")
@click.option("--whole", "part", flag_value="whole", help="One notebook for the whole course.")
@click.option("--force", is_flag=True, help="Replace notebooks that are there and differ.")
@_COURSE
def notebooks_command(out: Path, part: str | None, force: bool, course: Path | None) -> Exit:
    """Write the notebooks that students get into the folder OUT.

    One for each exercise, made from its stub, unless an option says otherwise.
    """
    from grader.commands import notebooks

    return notebooks.run(out, part or "exercise", course, force=force)


@main.command("export")
@click.argument("format", type=click.Choice(EXPORTS))
@click.option("--gradebook", required=True, metavar="PLACE", help="The folder, file or URL of the gradebook.")
@click.option("--out", type=_FILE, metavar="FILE", help="Where it goes.  [default: stdout; zips need it]")
@click.option("--template", type=_FILE, metavar="FILE", help="canvas: the CSV that Canvas exported.")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="SLUG=COLUMN",
    help="canvas: the column of an exercise, by id or title; may be repeated.",
)
@click.option("--total", metavar="COLUMN", help="canvas: the column of the weighed total, by id or title.")
@click.option("--worksheet", type=_FILE, metavar="FILE", help="moodle: the worksheet to fill in.")
@click.option("--exercise", "slug", metavar="SLUG", help="moodle: the exercise to hand back.  [default: the total]")
@click.option("--grade-column", metavar="NAME", help="moodle: its header in your language.  [default: Grade]")
@click.option("--feedback-column", metavar="NAME", help="moodle: likewise.  [default: Feedback comments]")
@click.option("--scale", is_flag=True, help="canvas, moodle: convert points to the maximum that the column has there.")
@click.option("--decimal-comma", is_flag=True, help="Write 8,5 for 8.5.")
@click.option("--feedback", type=click.Choice(["html", "text"]), help="moodle-feedback: the kind of file.")
def export_command(**options: Any) -> Exit:
    """Hand back the grades of a class: for Canvas, Moodle, a spreadsheet, a program.

    What is not graded yet is left blank, never 0, and counted. Nothing in a table is taken for a formula.
    """
    from grader.commands import export

    return export.run(export.Request(**options))


@main.command("similarity")
@_GRADEBOOK
@click.option("--exercise", "only", multiple=True, metavar="SLUG", help="Only this exercise; may be repeated.")
@click.option(
    "--out", type=_FILE, default=Path("similarity.html"), show_default=True, metavar="FILE", help="The HTML page."
)
@click.option("--json", type=_FILE, metavar="FILE", help="Write the ranking as JSON as well.")
@click.option(
    "--export",
    type=(click.Choice(["dolos", "jplag"]), _FILE),
    metavar="TOOL PLACE",
    help="Write the submissions as Dolos or JPlag reads them, to a folder or a .zip.",
)
@click.option("--top", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many pairs to show.")
@click.option(
    "--popular",
    type=click.FloatRange(0, 50),
    default=10.0,
    show_default=True,
    metavar="PERCENT",
    help="What more of the class than this share is no evidence.",
)
@click.option(
    "--common",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Code that was shown in class, and so is no evidence; may be repeated.",
)
@click.option("--anonymous", is_flag=True, help="Numbers for names. What is written in a source stays.")
@_COURSE
def similarity_command(**options: Any) -> Exit:
    """Rank pairs of submissions by what they share and few others have.

    For a person to look at: similarity is no proof of copying.
    """
    from grader.commands import similarity

    return similarity.run(similarity.Request(**options))


@main.command("release")
@click.argument("out", type=_FILE)
@_ONLY
@_CHAPTERS
@click.option("--title", default="Exercises", show_default=True, help="The heading of its README.")
@click.option("--hand-in", type=_FILE, metavar="FILE", help="Markdown that says how to hand in, in place of our words.")
@click.option("--points/--no-points", default=True, help="Say in the README what each exercise is worth.")
@click.option("--notebooks/--no-notebooks", default=True, help="Add the exercises as notebooks.")
@click.option("--overwrite", is_flag=True, help="Replace files of an earlier release that were changed since.")
@_COURSE
def release_command(**options: Any) -> Exit:
    """Make the hand-out for students: OUT is a folder, or a file that ends in .zip.

    It is searched for everything private before anything is written. A folder that was made by an earlier release is
    brought up to date; files of others in it are left alone.
    """
    from grader.commands import release

    return release.run(release.Request(**options))


@main.group("package")
def package_group() -> None:
    """Make what services need that grade each hand-in by themselves."""


@package_group.command("gradescope")
@click.argument("out", metavar="OUT.zip", type=_FILE)
@_ONLY
@_CHAPTERS
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
@_COURSE
def package_gradescope_command(**options: Any) -> Exit:
    """Make the autograder that Gradescope runs: a zip with the grader and the suites."""
    from grader.commands import package

    return package.gradescope(package.Gradescope(**options))


@package_group.command("github")
@click.argument("out", type=_FILE)
@_ONLY
@_CHAPTERS
@click.option(
    "--run-in-student-repositories",
    "run_in",
    default="",
    metavar="OWNER/COURSE",
    help="Grade there, on each push, with the course from this repository. Students can then read its suites.",
)
@_COURSE
def package_github_command(**options: Any) -> Exit:
    """Make the workflows for GitHub Classroom, in the folder OUT.

    OUT/students goes into the repository that those of the students are made from, OUT/instructor into the private one
    of the course, which grades the class on a schedule and sends the points.
    """
    from grader.commands import package

    return package.github(package.Github(**options))


@package_group.command("github-points")
@click.argument("out", type=_FILE)
@_GRADEBOOK
def package_points_command(out: Path, gradebook: str) -> Exit:
    """Make what the instructor's workflow sends: a file in OUT for the repository of each student."""
    from grader.commands import package

    return package.points(out, gradebook)


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


if __name__ == "__main__":
    main()
