"""The class as JUnit XML: a suite for each student, a case for each check of what counts."""

from __future__ import annotations

from collections.abc import Iterator

from grader import junit
from grader.classroom import Cell, CellState, Row
from grader.handback import cells
from grader.handback.book import Book, Export, results_in, with_results
from grader.handback.target import unsaid
from grader.model import CheckResult, ExerciseResult, Outcome
from grader.report import words
from grader.text import clean, clean_line

DETAILS_CHARS = 2_000
_STATES = {Outcome.PASSED: "", Outcome.SKIPPED: "skipped", Outcome.INTERNAL_ERROR: "error"}


def export(book: Book) -> Export:
    """The file, in pieces."""
    notes: list[str] = []
    return Export(pieces=junit.pieces(clean_line(book.title, 200) or "class", _suites(book, notes)), notes=notes)


def _suites(book: Book, notes: list[str]) -> Iterator[junit.Suite]:
    blank = 0
    for row, graded in with_results(book):
        blank += sum(cell.points is None for cell in row.cells)
        results = results_in(graded)
        made = tuple(case for cell in row.cells for case in _cases(cell, results.get(cell.slug)))
        yield junit.Suite(
            name=clean_line(row.student.name or row.student.key, 200), cases=made, properties=_properties(row)
        )
    notes += filter(None, [unsaid(blank)])


def _properties(row: Row) -> tuple[tuple[str, str], ...]:
    total = (("total", cells.number(row.total)), ("max_total", cells.number(row.max_total))) if row.complete else ()
    points = tuple((f"points.{cell.slug}", cells.number(cell.points)) for cell in row.cells if cell.points is not None)
    return (("student", clean_line(row.student.key, 200)), *total, *points)


def _cases(cell: Cell, result: ExerciseResult | None) -> Iterator[junit.Case]:
    match cell.state:
        case CellState.MISSING:
            yield junit.Case(group=cell.slug, name="handed in", state="skipped", message="nothing handed in")
        case CellState.WAITING:
            yield junit.Case(group=cell.slug, name="graded", state="skipped", message="not graded yet")
        case CellState.REFUSED:
            why = clean_line(cell.why, DETAILS_CHARS)
            yield junit.Case(group=cell.slug, name="can be read", state="failure", type="refused", message=why)
        case CellState.UNGRADED:
            said = "the grader failed, which is not the student's fault"
            yield junit.Case(group=cell.slug, name="graded", state="error", type="ungraded", message=said)
    if result is None or cell.state is not CellState.GRADED:
        return
    if result.problem and not result.checks:
        said = clean_line(result.problem, DETAILS_CHARS)
        yield junit.Case(group=cell.slug, name="can be used", state="failure", type="problem", message=said)
    for check in result.checks:
        yield _case(cell.slug, check)


def _case(slug: str, check: CheckResult) -> junit.Case:
    state = _STATES.get(check.outcome, "failure")
    return junit.Case(
        group=slug,
        name=clean_line(check.title, 200) or check.id,
        state=state,
        type=check.outcome.value if state else "",
        message=clean_line(check.message, DETAILS_CHARS) or words.OUTCOME[check.outcome] if state else "",
        details=clean(check.message, DETAILS_CHARS) if state in ("failure", "error") and check.message else "",
        time_s=max(0.0, check.duration_s),
    )
