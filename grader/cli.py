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
from grader.commands.common import Exit, did_you_mean, say
from grader.submission import shown

# Those of grader.sandbox, which is not imported for --help.
LAYERS = ("bubblewrap", "namespaces", "landlock", "seccomp")
# Those of grader.proof.findings.
PHASES = ("structure", "stub", "reference", "right", "wrong", "null", "checks", "mutants", "margins", "messages")
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
            if type(error) not in (click.UsageError, click.ClickException):  # one of click's own
                say("Try grade --help.")
            return Exit.USAGE
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
@click.help_option("-h", "--help", hidden=True)
def paths_command(paths: tuple[Path, ...], open_: bool, course: Path | None, **options: Any) -> Exit:
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

    return grade.run(grade.Request(paths=paths, open=open_, course=course, **options))


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


@main.command("new")
@click.argument("slug")
@click.option("--chapter", required=True, metavar="NAME", help="The folder that it belongs to, such as 03_modules.")
@_COURSE
def new_command(slug: str, chapter: str, course: Path | None) -> Exit:
    """Start an exercise: write its files, each of which says what to change in it."""
    from grader.commands import new

    return new.run(slug, chapter, course)


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
