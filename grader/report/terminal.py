"""Results on the terminal: a table per exercise, the total, and a display while grading runs.

All text that a student controls is cleaned and shown as text, never as markup.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from grader.model import CheckResult, DiagnosisKind, ExerciseResult, Outcome, Report, Status
from grader.report import words
from grader.text import clean, clean_line

MESSAGE_LINES = 4
MESSAGE_MAX_CHARS = 600
TITLE_MAX_CHARS = 200
WIDTH_IN_FILES = 100
FORBIDDEN_SHOWN = 3
_QUIET_OUTCOMES = (Outcome.PASSED, Outcome.SKIPPED)
_STYLE = {
    Outcome.PASSED: "green",
    Outcome.NOT_IMPLEMENTED: "cyan",
    Outcome.SKIPPED: "dim",
    Outcome.INTERNAL_ERROR: "magenta",
}
_STATUS_STYLE = {
    Status.PASSED: "bold green",
    Status.FAILED: "bold yellow",
    Status.NOT_ATTEMPTED: "bold cyan",
    Status.UNGRADED: "bold magenta",
}


class QuietConsole(Console):
    """A console that falls silent when its reader has gone: `grade . | head` still writes its report."""

    def on_broken_pipe(self) -> None:
        """Drop the rest. What Python flushes at exit goes nowhere too."""
        self.quiet = True
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)


def console(file: TextIO | None = None) -> QuietConsole:
    """The console that results go to. Honours NO_COLOR, TERM and COLUMNS."""
    out = QuietConsole(file=file, highlight=False, markup=False, emoji=False)
    if (not out.is_terminal or _in_notebook()) and "COLUMNS" not in os.environ:
        out.width = WIDTH_IN_FILES
    return out


def _is_live(out: Console) -> bool:
    """Whether somebody watches who sees a line replaced by another one."""
    return out.is_terminal and not out.is_dumb_terminal and not _in_notebook()


def _in_notebook() -> bool:
    """Whether a cell of a notebook runs us: it gives a terminal, but keeps every line ever drawn on it."""
    # The first is Jupyter's; the second is set by the kernel itself, wherever it was started from.
    return "JPY_PARENT_PID" in os.environ or os.environ.get("MPLBACKEND", "").startswith("module://")


def show_exercises(out: Console, results: Sequence[ExerciseResult]) -> None:
    """Print exercises, with an empty line around each that has more than a heading."""
    apart = True
    out.print()
    for result in results:
        parts = _exercise(result)
        if len(parts) > 1 and not apart:
            out.print()
        out.print(Group(*parts))
        apart = len(parts) > 1
        if apart:
            out.print()
    if not apart:
        out.print()


def _exercise(result: ExerciseResult) -> list[RenderableType]:
    """One exercise: its heading, problem, ready-made parts and the table of its checks."""
    parts: list[RenderableType] = [_heading(result)]
    if result.problem:
        parts.append(_indented(Text(clean_line(result.problem, MESSAGE_MAX_CHARS))))
    parts += (_indented(line) for line in _misconceptions(result))
    parts += (_indented(line) for line in _ready_made(result))
    # An untouched stub and a file that can't be read need no table: every line of it would say the same.
    if result.status is not Status.NOT_ATTEMPTED and any(one.outcome is not Outcome.SKIPPED for one in result.checks):
        parts.append(_indented(_table(result)))
    return parts


def _misconceptions(result: ExerciseResult) -> list[Text]:
    """The mistakes that were recognised, with what their author says to them."""
    return [
        Text.assemble(
            (f"This looks like: {clean_line(one.name, MESSAGE_MAX_CHARS).replace('_', ' ')}. ", "bold yellow"),
            clean_line(one.text, MESSAGE_MAX_CHARS),
        )
        for one in result.diagnoses
        if one.kind is DiagnosisKind.MISCONCEPTION
    ]


def _ready_made(result: ExerciseResult) -> list[Text]:
    """What was found of forbidden APIs: each line of the source, and each name that ran once for all its checks."""
    found = [one for one in result.diagnoses if one.kind is DiagnosisKind.FORBIDDEN_API]
    texts: dict[str, str] = {}
    for one in found:
        cell = f"cell {one.cell}, " if one.cell else ""
        place = f"{cell}line {one.line}: " if one.line else ""
        text = place + clean_line(one.text, MESSAGE_MAX_CHARS)
        texts[text] = f"Flagged for review: {text}" if one.review else text
    lines = [Text(text, style="yellow") for text in texts.values()]
    left_out = len(lines) - FORBIDDEN_SHOWN
    return lines if left_out <= 0 else [*lines[:FORBIDDEN_SHOWN], Text(f"and {left_out} more, listed in the report")]


def show_total(out: Console, report: Report) -> None:
    """Print the score, what it doesn't count, and how far student code was kept away from the host."""
    total = Text("Total  ", style="bold")
    total.append(f"{words.number(report.score)} of {words.points(report.max_score)}", style="bold")
    ungraded = sum(one.status is Status.UNGRADED for one in report.exercises)
    if ungraded:
        total.append(f"  ({words.count(ungraded, 'exercise')} ungraded and not counted)", style="magenta")
    out.print(total)
    isolation = f"Isolation: {report.isolation.level.value}"
    out.print(Text(f"{isolation}. Seed {report.seed}, {words.seconds(report.duration_s)}.", style="dim"))
    less = words.less_than_sandbox(report.isolation)
    if less:
        out.print(Text(less, style="dim"))


class Display(Protocol):
    """What is shown while grading runs."""

    def plan(self, counts: Mapping[str, int]) -> None:
        """The judge is ready; the number of checks by slug, in the order in which they will run."""

    def check(self, slug: str) -> None:
        """One check of that exercise is over."""

    def finish(self, result: ExerciseResult) -> None:
        """The exercise is over."""


@contextmanager
def display(out: Console) -> Iterator[Display]:
    """A live line for the exercise that runs, or plain lines where nobody watches a terminal."""
    if not _is_live(out):
        yield _Plain(out)
        return
    columns = (
        SpinnerColumn(style="cyan"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}", style="dim", markup=False),
    )
    with Progress(*columns, console=out, transient=True) as progress:
        yield _Live(progress)


@contextmanager
def busy(out: Console, text: str) -> Iterator[None]:
    """A live line that says what is being done, while it is; a plain one where nobody watches a terminal."""
    if not _is_live(out):
        out.print(Text(text))
        yield
        return
    with out.status(Text(text), spinner_style="cyan"):
        yield


class _Plain:
    def __init__(self, out: Console) -> None:
        self._out = out

    def plan(self, counts: Mapping[str, int]) -> None:
        self._out.print(f"grading {words.count(len(counts), 'exercise')}")

    def check(self, slug: str) -> None:
        pass

    def finish(self, result: ExerciseResult) -> None:
        self._out.print(Text(f"graded {result.slug}: {_score(result)}"))


class _Live:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._waiting: list[str] = []
        self._warm_up = progress.add_task("starting the judge", total=None, count="")
        self._tasks: dict[str, TaskID] = {}
        self._counts: dict[str, tuple[int, int]] = {}

    def plan(self, counts: Mapping[str, int]) -> None:
        self._progress.update(self._warm_up, visible=False)
        width = max(map(len, counts), default=0)
        for slug, count in counts.items():
            self._tasks[slug] = self._progress.add_task(
                slug.ljust(width), total=count or None, visible=False, count=self._count(0, count)
            )
            self._counts[slug] = (0, count)
            self._waiting.append(slug)
        self._show_next()

    def check(self, slug: str) -> None:
        done, count = self._counts[slug]
        self._counts[slug] = (done + 1, count)
        self._progress.update(self._tasks[slug], completed=done + 1, count=self._count(done + 1, count))

    def finish(self, result: ExerciseResult) -> None:
        self._progress.update(self._tasks[result.slug], visible=False)
        if result.slug in self._waiting:
            self._waiting.remove(result.slug)
        self._show_next()

    @staticmethod
    def _count(done: int, count: int) -> str:
        return f"{done} of {words.count(count, 'check')}" if count else ""

    def _show_next(self) -> None:
        if self._waiting:
            self._progress.update(self._tasks[self._waiting[0]], visible=True)


def _heading(result: ExerciseResult) -> Text:
    style = _STATUS_STYLE[result.status]
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{words.STATUS_SIGN[result.status]} {result.slug:<15} ", style=style)
    text.append(f"{_score(result):<16} ", style="bold")
    text.append(f"{words.STATUS[result.status]:<14}", style=style)
    text.append(f"  {clean_line(result.title, TITLE_MAX_CHARS)}")
    return text


def _score(result: ExerciseResult) -> str:
    if result.status is Status.UNGRADED:
        return "ungraded"
    return f"{words.number(result.score)} of {words.points(result.max_score)}"


def _table(result: ExerciseResult) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    hint_given = False
    named = {one.check: one.text for one in result.diagnoses if one.kind is DiagnosisKind.GRADIENT}
    for check in result.checks:
        style = _STYLE.get(check.outcome, "red")
        sign = Text(f"{words.OUTCOME_SIGN[check.outcome]} {words.OUTCOME[check.outcome]}", style=style)
        body = Text(clean_line(check.title, TITLE_MAX_CHARS), style="dim" if style == "dim" else "")
        if check.outcome not in _QUIET_OUTCOMES:
            if check.id in named:
                body.append("\n" + clean_line(named[check.id], MESSAGE_MAX_CHARS), style="not bold")
            if check.message:
                body.append("\n" + _message(check), style="not bold")
            hint = "" if hint_given else clean(check.hint, MESSAGE_MAX_CHARS).strip()
            if hint:
                body.append(f"\nHint: {hint}", style="italic")
                hint_given = True
        points = Text(f"{words.number(check.score)}/{words.number(check.max_score)}", style=style)
        table.add_row(sign, body, points)
    return table


def _message(check: CheckResult) -> str:
    lines = clean(check.message, MESSAGE_MAX_CHARS).strip("\n").split("\n")
    if len(lines) > MESSAGE_LINES:
        left_out = words.count(len(lines) - MESSAGE_LINES, "more line")
        lines = [*lines[:MESSAGE_LINES], f"({left_out} in the report)"]
    return "\n".join(lines)


def _indented(inner: RenderableType) -> Padding:
    return Padding(inner, (0, 0, 0, 2))


def show_lines(out: Console, lines: Sequence[str]) -> None:
    """Print lines as they are, without wrapping: paths stay whole for copying."""
    for line in lines:
        out.print(Text(line), soft_wrap=True)


def show_block(out: Console, head: str, body: str) -> None:
    """Print a line, and below it what belongs to it, indented; both wrapped."""
    out.print(Text(head))
    if body:
        out.print(_indented(Text(body, style="dim")))
