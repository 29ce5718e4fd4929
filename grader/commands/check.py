"""`grade check`: whether the exercises of a course can be trusted, phase by phase, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from grader.commands.common import Exit, check_target, course_for, did_you_mean, say
from grader.course import Course
from grader.files import write_atomically
from grader.submission import shown
from grader.text import clean, clean_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.padding import Padding

    from grader.proof.findings import ExerciseProof, Finding, Margin, PhaseResult, Proof
    from grader.proof.prove import Progress

LINE_MAX_CHARS = 2000
DETAIL_MAX_CHARS = 4000
DETAILS_SHOWN = 5  # of one phase; the files have them all
MARGINS_OF = 2  # exercises that are named: with more, only the extremes are shown


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. No `slugs` are all of them, no `phases` too."""

    slugs: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    no_mutants: bool = False
    json: Path | None = None
    junit: Path | None = None
    course: Path | None = None
    seed: int | None = None


def run(request: Request) -> Exit:
    """Prove, show and write. Raises click.UsageError for what can't be meant."""
    from grader.engine import EngineError
    from grader.proof.ci import github
    from grader.proof.findings import Phase
    from grader.proof.prove import prove
    from grader.report import terminal

    targets = [("--json", request.json), ("--junit", request.junit)]
    for option, path in targets:
        check_target(option, path)
    if request.json is not None and request.junit is not None and request.json.absolute() == request.junit.absolute():
        raise click.UsageError(f"--json and --junit are both {shown(request.json)}; name two files")
    course = course_for((), request.course)
    slugs = _slugs(course, request.slugs)
    phases = tuple(Phase(name) for name in request.phases) or tuple(Phase)
    needing = [phase for phase in request.phases if phase in (Phase.CHECKS, Phase.MUTANTS)]
    if request.no_mutants and needing:
        raise click.UsageError(f"--phase {needing[0]} needs mutants; leave out --no-mutants")
    out = terminal.console()
    try:
        with _progress(out) as progress:
            proof = prove(
                course, slugs, phases=phases, mutate=not request.no_mutants, seed=request.seed, progress=progress
            )
    except EngineError as error:
        from grader.commands.grade import kept_log

        say(f"grade: {clean_line(str(error), LINE_MAX_CHARS)}{kept_log(error.log)}")
        return Exit.OUR_FAULT
    _show(out, proof, margins=0 < len(request.slugs) <= MARGINS_OF)
    for line in github(proof, course.root):
        click.echo(line)
    if not _write(proof, request):
        return Exit.OUR_FAULT
    return Exit.NOT_FULL if proof.all_findings else Exit.FULL_MARKS


def _slugs(course: Course, asked: Sequence[str]) -> tuple[str, ...]:
    known = (*course.slugs, *sorted(course.broken))
    for slug in asked:
        if slug not in known:
            raise click.UsageError(f"no exercise is called {clean_line(slug, 60)!r}{did_you_mean(slug, known)}")
    return tuple(slug for slug in known if slug in asked) if asked else known


@contextmanager
def _progress(out: Console) -> Iterator[Progress | None]:
    """A line that says how far it is, on a terminal; elsewhere one for each part of the work as it begins."""
    if not out.is_terminal or out.is_dumb_terminal:
        yield lambda what, done, total: None if done else out.print(f"grading {total}: {what}")
        return
    with out.status("starting") as status:
        yield lambda what, done, total: status.update(f"{what}: {done} of {total}")


# ---- showing ----


def _show(out: Console, proof: Proof, *, margins: bool) -> None:
    from rich.text import Text

    for finding in proof.findings:
        out.print(Text(f"✗ {_line(finding)}"), soft_wrap=True)
    for exercise in proof.exercises:
        _show_exercise(out, exercise, margins=margins)
    findings = proof.all_findings
    count = len(findings)
    out.print()
    if not findings:
        number = len(proof.exercises)
        text = f"Nothing found in {number} exercise{'' if number == 1 else 's'}."
        out.print(Text(text, style="bold green"))
    else:
        out.print(
            Text(f"{count} finding{'' if count == 1 else 's'}. Next: {_line(findings[0])}", style="bold"),
            soft_wrap=True,
        )
    out.print(Text(f"Seed {proof.seed}, {proof.duration_s:.0f} s.", style="dim"))


def _show_exercise(out: Console, exercise: ExerciseProof, *, margins: bool) -> None:
    from rich.text import Text

    found = len(exercise.findings)
    head = Text("✗ " if found else "✓ ", style="yellow" if found else "green")
    head.append(exercise.slug, style="bold")
    head.append(f"  {found} finding{'' if found == 1 else 's'}" if found else "", style="yellow")
    out.print(head)
    waiting = [phase for phase in exercise.phases if phase.state == "not_run"]
    for phase in exercise.phases:
        if phase not in waiting:
            _show_phase(out, phase)
            if phase.margins and (margins or phase.findings):
                out.print(_margins(phase.margins))
    for why in dict.fromkeys(phase.about for phase in waiting):
        names = ", ".join(phase.phase for phase in waiting if phase.about == why)
        out.print(Text(f"  » not run: {names} ({why})", style="dim"), soft_wrap=True)


def _show_phase(out: Console, phase: PhaseResult) -> None:
    from rich.table import Table
    from rich.text import Text

    from grader.proof.findings import QUESTIONS, State

    mark, style = ("✓", "green") if phase.state is State.CLEAN else ("✗", "yellow")
    row = Table.grid(padding=(0, 1, 0, 0), expand=False)
    row.add_column(width=13, no_wrap=True)
    row.add_column(ratio=1, overflow="fold")
    text = Text(QUESTIONS[phase.phase])
    text.append(f": {phase.about}" if phase.about else "", style="dim")
    row.add_row(Text(f"  {mark} {phase.phase}", style=style), text)
    out.print(row)
    for number, finding in enumerate((*phase.findings, *phase.notes)):
        line = ("note: " if finding.note else "") + _line(finding)
        out.print(Text(f"    {line}", style="dim" if finding.note else ""), soft_wrap=True)
        if finding.detail and number < DETAILS_SHOWN:
            for detail in clean(finding.detail, DETAIL_MAX_CHARS).rstrip("\n").split("\n"):
                out.print(Text(f"      {detail}", style=_diff_style(detail)), soft_wrap=True)


def _margins(margins: Sequence[Margin]) -> Padding:
    """Each check with the largest error of a right answer and the smallest of a mistake, and whose that is."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from grader.proof.margins import percent, times

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("check", overflow="fold")
    table.add_column("right answers", justify="right")
    table.add_column("nearest mistake", overflow="fold")
    for one in margins:
        used = [share for share in (one.reference, one.right) if share is not None]
        wrong = f"{times(one.mistake)} ({one.mistake_of})" if one.mistake is not None else ""
        cells = (one.check, percent(max(used)) if used else "", wrong)
        table.add_row(*(Text(cell, style="dim") for cell in cells))
    return Padding(table, (0, 0, 0, 4))


def _diff_style(line: str) -> str:
    return "green" if line.startswith("+") else "red" if line.startswith("-") else "dim"


def _line(finding: Finding) -> str:
    from grader.proof.ci import line_of

    return clean_line(line_of(finding), LINE_MAX_CHARS)


# ---- the files ----


def _write(proof: Proof, request: Request) -> bool:
    from grader.proof.ci import junit

    written = True
    if request.json is not None:
        data = msgspec.json.format(msgspec.json.encode(proof), indent=2) + b"\n"
        written = _write_one(request.json, data, "JSON")
    if request.junit is not None:
        written = _write_one(request.junit, junit(proof), "JUnit file") and written
    return written


def _write_one(path: Path, data: bytes, what: str) -> bool:
    try:
        write_atomically(path, data)
    except OSError as error:
        say(f"{shown(path)}: the {what} can't be written ({error.strerror or error})")
        return False
    return True
