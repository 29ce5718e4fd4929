"""What a student is told in a few lines of plain text, for the feedback that a learning management system shows."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence

from grader.classroom import Cell, CellState, Column, Row
from grader.model import CheckResult, DiagnosisKind, ExerciseResult, Outcome
from grader.report import words
from grader.text import clean_line

CHECKS_SHOWN = 30
LINE_CHARS = 600
COMMENT_CHARS = 12_000
_QUIET = (Outcome.PASSED, Outcome.SKIPPED)
# Behind an entity stands a semicolon, where some spreadsheets begin a new cell; as entities these begin no formula.
_FORMULA = re.compile("(^|[,;|\t])(\\s*)([=+\\-@\uff1d\uff0b\uff0d\uff20\u2212])")


def lines(row: Row, columns: Sequence[Column], results: Mapping[str, ExerciseResult]) -> Iterator[str]:
    """A student's feedback, a fact in each line: the total, then each exercise with what did not pass and why."""
    titles = {column.slug: column.title for column in columns}
    if len(row.cells) > 1:
        rest = "" if row.complete else " (not everything is graded yet)"
        yield f"Total: {words.number(row.total)} of {words.points(row.max_total)}{rest}"
    for cell in row.cells:
        yield from of_exercise(cell, titles.get(cell.slug, cell.slug), results.get(cell.slug))


def of_exercise(cell: Cell, title: str, result: ExerciseResult | None) -> Iterator[str]:
    """The feedback on one exercise."""
    name = clean_line(title, 120)
    match cell.state:
        case CellState.MISSING:
            yield f"{name}: nothing handed in"
        case CellState.REFUSED:
            yield f"{name}: could not be read. {clean_line(cell.why, LINE_CHARS)}".rstrip()
        case CellState.WAITING | CellState.UNGRADED:
            yield f"{name}: not graded yet"
        case CellState.GRADED:
            yield f"{name}: {words.number(cell.points or 0.0)} of {words.points(cell.max_score)}{_why(cell)}"
    if result is not None and cell.state is CellState.GRADED:
        yield from _of_result(result)


def _why(cell: Cell) -> str:
    """What made the points differ from the score of the suite."""
    if cell.adjustment is not None:
        return f" (set by hand: {clean_line(cell.adjustment.why, 300)})"
    if cell.counted is not None and cell.counted.percent_off > 0:
        score = f"{words.number(cell.counted.score)} of {words.number(cell.counted.max_score)}"
        return f" (late: {words.number(cell.counted.percent_off)} % off {score})"
    return ""


def _of_result(result: ExerciseResult) -> Iterator[str]:
    if result.problem:
        yield f"  {clean_line(result.problem, LINE_CHARS)}"
    open_checks = [check for check in result.checks if check.outcome not in _QUIET]
    for check in open_checks[:CHECKS_SHOWN]:
        yield f"  {_check(check)}"
    if len(open_checks) > CHECKS_SHOWN:
        yield f"  and {words.count(len(open_checks) - CHECKS_SHOWN, 'more check')}"
    for diagnosis in result.diagnoses:
        if diagnosis.kind is DiagnosisKind.MISCONCEPTION:
            name = clean_line(diagnosis.name.replace("_", " "), 120)
            yield f"  This looks like: {name}. {clean_line(diagnosis.text, LINE_CHARS)}"


def _check(check: CheckResult) -> str:
    said = clean_line(check.message, LINE_CHARS)
    head = f"{clean_line(check.title, 200)}: {words.OUTCOME[check.outcome]}"
    return f"{head}. {said}" if said else head


def as_text(told: Iterator[str]) -> str:
    """The lines as a text file."""
    return "\n".join(told) + "\n"


def as_comment(told: Iterator[str]) -> str:
    """The lines as one line of HTML, which is what Moodle takes for a feedback comment.

    No quotation mark and no backslash is left in it, and nothing that a spreadsheet takes for the beginning of a
    formula.
    """
    kept: list[str] = []
    room = COMMENT_CHARS
    for line in told:
        # A backslash takes away what a quotation mark means where PHP reads a table.
        shown = html.escape(line.strip(), quote=True).replace("\\", "&#92;")
        room -= len(shown) + 4
        if room < 0:
            kept.append("...")
            break
        kept.append(shown)
    return _FORMULA.sub(lambda found: f"{found[1]}{found[2]}&#{ord(found[3])};", "<br>".join(kept))
