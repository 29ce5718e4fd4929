"""The command line: parses, hands over to `grader.commands`, and turns how that ended into an exit code.

`grade PATH...` is what most people want, so it needs no verb: what is no command is a path. To keep `grade
--help` instant nothing heavy is imported before a command runs.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from grader import __version__
from grader.commands.common import Exit, OurFault, say
from grader.submission import shown

_OWN_OPTIONS = frozenset({"--help", "-h", "--version"})
# In the help, by who calls them. A command that is in none of these comes last.
_SECTIONS = {
    "For students": ("list", "hint"),
    "For a class": ("batch", "export", "regrade", "adjust", "audit", "similarity"),
    "To hand out": ("release", "notebooks", "package"),
    "For authors": ("check", "new"),
}


class _GradingContext(click.Context):
    """The default command is called by no name, so usage lines don't show one."""

    @property
    def command_path(self) -> str:
        """What was typed to get here."""
        return self.parent.command_path if self.parent is not None else super().command_path


class GradingCommand(click.Command):
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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, by who calls them."""
        known = {name for names in _SECTIONS.values() for name in names}
        rest = tuple(name for name in self.list_commands(ctx) if name not in known)
        width = max(map(len, self.list_commands(ctx)))
        for heading, names in (*_SECTIONS.items(), ("For everybody", rest)):
            with formatter.section(heading):
                limit = formatter.width - width - 6
                formatter.write_dl(
                    [(name.ljust(width), self.commands[name].get_short_help_str(limit)) for name in names]
                )

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
                asked = getattr(error, "ctx", None)
                say(f"Try {asked.command_path if asked is not None else 'grade'} --help.")
            return Exit.OUR_FAULT if isinstance(error, OurFault) else Exit.USAGE
        except (click.Abort, KeyboardInterrupt):
            return Exit.INTERRUPTED
        except BrokenPipeError:
            _silence_stdout()
            return Exit.NOT_FULL
        except OSError as error:
            where = f"{shown(Path(os.fsdecode(error.filename)))}: " if error.filename else ""
            say(f"grade: {where}{error.strerror or error}")
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


@click.group(cls=Grade, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="grade")
def main() -> None:
    """Grade submissions of a PyTorch course: PATH is a file, a chapter or a folder at any depth.

    A submission is named after its exercise, such as matmul.py. A folder that is called like a command is
    written ./list.

    Exit status: 0 full marks, 1 graded and not full, 2 wrong usage, 3 a failure of the grader,
    130 interrupted.
    """
