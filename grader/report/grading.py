"""What a class adds to the report of one student: what counts, lateness, attempts, what a person decided.

`tell` turns a row of the class table into the lines that the page shows. The scores of the suite stay in the
exercises below; here stands what they became.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import msgspec

from grader.classroom import AttemptGrade, Cell, CellState, Column, Row
from grader.model import Status
from grader.report import words
from grader.report.page import AttemptLine, Counted, GradingPage, Segment
from grader.text import clean_line

MAX_CELLS = 300
MAX_ATTEMPTS = 100
TITLE_CHARS = 200
WHY_CHARS = 600

_STATE = {
    CellState.GRADED: "",
    CellState.UNGRADED: "Not graded yet: the grader failed here, and it costs nothing.",
    CellState.WAITING: "Not graded yet.",
    CellState.REFUSED: "Handed in, but could not be read",
    CellState.MISSING: "Nothing handed in.",
}


class Grading(msgspec.Struct, frozen=True, kw_only=True):
    """One student's row of the class table, with the exercises of the table in the same order."""

    course: str
    row: Row
    columns: tuple[Column, ...]


def tell(grading: Grading, anchors: Mapping[str, str], when: Callable[[str], str]) -> GradingPage:
    """The section of the page. `anchors` are those of the exercises that the page shows, by slug.

    `when` writes a moment (ISO 8601) as people read it.
    """
    row = grading.row
    cells = row.cells[:MAX_CELLS]
    columns = {column.slug: column for column in grading.columns}
    weighed = len({column.weight for column in grading.columns}) > 1
    return GradingPage(
        student=clean_line(row.student.name or row.student.key, TITLE_CHARS),
        course=clean_line(grading.course, TITLE_CHARS),
        total=words.number(row.total),
        max_total=words.points(row.max_total),
        tally=_tally(cells),
        lines=tuple(_counted(cell, columns.get(cell.slug), anchors, when, weighed=weighed) for cell in cells),
        note="" if row.complete else "What is not graded yet is left out of the total.",
    )


def bar(grading: Grading) -> tuple[Segment, ...]:
    """The score bar, 1000 wide: a part for each exercise as wide as its weighed points, filled as far as they reach."""
    weights = {column.slug: column.weight for column in grading.columns}
    cells = grading.row.cells[:MAX_CELLS]
    widths = [max(0.0, cell.max_score * weights.get(cell.slug, 1.0)) for cell in cells]
    total = math.fsum(widths)
    if not cells or not 0 < total < math.inf:
        return ()
    gap = min(6.0, 200 / len(cells))
    room = 1000 - gap * (len(cells) - 1)
    parts, x = [], 0.0
    for cell, worth in zip(cells, widths, strict=True):
        width = room * worth / total
        share = min(1.0, max(0.0, (cell.points or 0.0) / cell.max_score)) if cell.max_score > 0 else 0.0
        parts.append(Segment(round(x, 2), round(width, 2), round(width * share, 2)))
        x += width + gap
    return tuple(parts)


def _tally(cells: Sequence[Cell]) -> str:
    graded = [cell.counted.status for cell in cells if cell.state is CellState.GRADED and cell.counted]
    counts = [(graded.count(status), words.STATUS[status]) for status in Status]
    states = [cell.state for cell in cells]
    counts += [
        (states.count(CellState.MISSING), "not handed in"),
        (states.count(CellState.REFUSED), "could not be read"),
        (states.count(CellState.WAITING) + states.count(CellState.UNGRADED), "not graded yet"),
    ]
    parts = [f"{amount} {word}" for amount, word in counts if amount]
    return f"{words.count(len(cells), 'exercise')}: {', '.join(parts)}" if parts else ""


def _counted(
    cell: Cell, column: Column | None, anchors: Mapping[str, str], when: Callable[[str], str], *, weighed: bool
) -> Counted:
    attempts = tuple(_attempt(one, cell, when) for one in cell.attempts[-MAX_ATTEMPTS:])
    return Counted(
        title=clean_line(column.title if column else cell.slug, TITLE_CHARS) or "Untitled exercise",
        anchor=anchors.get(cell.slug, ""),
        state=cell.state.value,
        points="" if cell.points is None else words.number(cell.points),
        max_score=words.number(cell.max_score),
        weight=f"weight {words.number(column.weight)}" if weighed and column and column.weight != 1 else "",
        notes=tuple(filter(None, _notes(cell, column, when))),
        attempts=attempts if len(attempts) > 1 else (),
    )


def _notes(cell: Cell, column: Column | None, when: Callable[[str], str]) -> tuple[str, ...]:
    state = _STATE[cell.state]
    if cell.state is CellState.REFUSED:
        state = f"{state}: {why}." if (why := clean_line(cell.why, WHY_CHARS).rstrip(".")) else f"{state}."
    adjusted = ""
    if cell.adjustment is not None:
        why = clean_line(cell.adjustment.why, WHY_CHARS)
        adjusted = f"Set to {words.points(cell.adjustment.points)} by hand: {why}"
    due = when(column.due) if column and column.due and cell.counted and cell.counted.late_s > 0 else ""
    return (state, _lateness(cell.counted, due) if cell.counted else "", adjusted)


def _lateness(attempt: AttemptGrade, due: str) -> str:
    """What being late took from the suite's score; empty for who was in time."""
    if attempt.late_s <= 0 and attempt.percent_off <= 0:
        return ""
    by = f" by {words.long_time(attempt.late_s)}" if attempt.late_s > 0 else ""
    was_due = f" (due {due})" if due else ""
    if attempt.percent_off <= 0:
        return f"Late{by}{was_due}, at no cost."
    score = f"{words.number(attempt.score)} of {words.points(attempt.max_score)}"
    return f"Late{by}{was_due}: {words.number(attempt.percent_off)} % off {score}."


def _attempt(attempt: AttemptGrade, cell: Cell, when: Callable[[str], str]) -> AttemptLine:
    ungraded = attempt.status in (None, Status.UNGRADED)
    score = f"{words.number(attempt.score)} of {words.number(attempt.max_score)}"
    return AttemptLine(
        number=str(attempt.attempt),
        file=clean_line(attempt.file, 100),
        when=when(attempt.submitted_at),
        late=f"{words.long_time(attempt.late_s)} late" if attempt.late_s > 0 else "",
        score="not graded yet" if ungraded else score,
        counts=cell.counted is not None and attempt.submission_id == cell.counted.submission_id,
    )
