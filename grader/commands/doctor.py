"""`grade doctor`: how far this machine keeps submitted code away, found out by trying, and what to change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from grader import progress
from grader.commands.common import Exit, say
from grader.files import write_atomically
from grader.model import Level
from grader.submission import shown
from grader.text import clean_line

if TYPE_CHECKING:
    from rich.console import Console

    from grader.doctor.findings import Attempt, Findings, Mechanism, Surrounding

LINE_MAX_CHARS = 600
STATE_WIDTH = 13


def run(course: Path | None, json: Path | None, *, without: Collection[str] = ()) -> Exit:
    """Examine, show and write what was found. `without` leaves out layers of isolation, to see what they stop.

    Raises click.UsageError for a `json` that can't be written.
    """
    _check_target(json)
    from grader.doctor.examine import ExaminationError, examine
    from grader.doctor.findings import Findings
    from grader.report import terminal

    out = terminal.console()
    log = ""
    try:
        with terminal.busy(out, "trying what submissions must not do; this takes a few seconds"):
            findings = examine(_homes(), without=without)
    except ExaminationError as error:
        findings, log = Findings(problem=str(error), untouched=True), error.log
    from grader.doctor.around import look_around

    findings = msgspec.structs.replace(findings, around=tuple(look_around(course, Path.cwd())))
    _show(out, findings)
    written = _write(findings, json)
    if findings.problem:
        from grader.commands.grade import kept_log

        say(f"grade: {clean_line(findings.problem, LINE_MAX_CHARS)}{kept_log(log)}")
        return Exit.OUR_FAULT
    if not written:
        return Exit.OUR_FAULT
    return Exit.FULL_MARKS if findings.is_sandbox else Exit.NOT_FULL


def verdict(findings: Findings) -> list[str]:
    """What it comes to: the level in force and what that means, a sentence a line."""
    if findings.level is None:
        return ["Isolation here: unknown, because nothing could be tried. Nothing can be graded either."]
    through = len(findings.got_through)
    if findings.is_sandbox:
        return [
            "Isolation here: sandbox. Submitted code reaches no file of yours, no network and no other process.",
            "What is left are errors in the Linux kernel itself. Code of others can be graded here.",
        ]
    if findings.level is Level.SANDBOX:
        return [
            "Isolation here: less than it should be. Every part is in force, and yet something got through.",
            "Please report this, with what is above. Don't grade code of others here until then.",
        ]
    return [
        f"Isolation here: {findings.level}. Submitted code runs in a process with limits, but not in a sandbox: "
        f"{through} of {len(findings.attempts)} attempts got through."
        if through
        else f"Isolation here: {findings.level}. Every attempt was stopped, but by fewer walls than a sandbox has.",
        "That is fine for code of your own. Before you grade code of others, see to what is missing above.",
    ]


def _homes() -> tuple[Path, ...]:
    """Where files of this user lie, besides those for a moment."""
    folder = progress.folder()
    if not folder.is_absolute():  # a user without a home
        return ()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return ()
    return (folder,)


# ---- showing ----


def _show(out: Console, findings: Findings) -> None:
    from rich.text import Text

    sections: Sequence[tuple[str, Iterator[tuple[str, str, str, str, Sequence[str]]]]] = (
        ("What keeps submissions from this machine", map(_mechanism, findings.mechanisms)),
        ("What one tried just now", map(_attempt, findings.attempts)),
        ("What else grading needs", map(_surrounding, findings.around)),
    )
    for heading, rows in sections:
        lines = list(rows)
        if lines:
            out.print(Text(heading, style="bold"))
            for row in lines:
                _show_row(out, *row)
            out.print()
    for number, line in enumerate(verdict(findings)):
        out.print(Text(line, style="bold" if number == 0 else ""))


def _show_row(out: Console, state: str, style: str, title: str, detail: str, advice: Sequence[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 1, 0, 0), expand=False)
    row.add_column(width=STATE_WIDTH, no_wrap=True)
    row.add_column(ratio=1, overflow="fold")
    text = Text(title)
    if detail:
        text.append(f": {clean_line(detail, LINE_MAX_CHARS)}", style="dim")
    row.add_row(Text(state, style=style), text)
    out.print(row)
    for line in advice:
        # Not wrapped, so that commands stay whole for copying.
        out.print(Text(f"    {clean_line(line, LINE_MAX_CHARS)}"), soft_wrap=True)


def _mechanism(one: Mechanism) -> tuple[str, str, str, str, Sequence[str]]:
    if not one.needed:
        return "» not needed", "dim", one.name, one.detail, one.advice
    state, style = ("✓ in force", "green") if one.in_force else ("✗ missing", "yellow")
    return state, style, one.name, one.detail, one.advice


def _attempt(one: Attempt) -> tuple[str, str, str, str, Sequence[str]]:
    from grader.doctor.findings import Verdict

    state, style = {
        Verdict.REFUSED: ("✓ stopped", "green"),
        Verdict.GOT_THROUGH: ("✗ got through", "yellow"),
        Verdict.NOT_TRIED: ("» not tried", "dim"),
        Verdict.UNCLEAR: ("? unclear", "magenta"),
    }[one.verdict]
    return state, style, one.title, one.why, ()


def _surrounding(one: Surrounding) -> tuple[str, str, str, str, Sequence[str]]:
    state, style = ("✓ fine", "green") if one.ok else ("✗ not fine", "yellow")
    return state, style, one.name, one.detail, one.advice


# ---- the file ----


def _check_target(path: Path | None) -> None:
    """Refuse, before anything is tried, a file that can't be meant or has no place to go."""
    if path is None:
        return
    if path.suffix in (".py", ".ipynb", ".toml"):
        raise click.UsageError(f"--json {shown(path)}: this looks like a source file; name another one")
    if path.is_dir():
        raise click.UsageError(f"--json {shown(path)}: is a folder; name a file in it")
    if not path.absolute().parent.is_dir():
        raise click.UsageError(f"--json {shown(path)}: there is no such folder; create it first")


def _write(findings: Findings, path: Path | None) -> bool:
    if path is None:
        return True
    try:
        write_atomically(path, msgspec.json.format(msgspec.json.encode(findings), indent=2) + b"\n")
    except OSError as error:
        say(f"{shown(path)}: the JSON can't be written ({error.strerror or error})")
        return False
    return True
