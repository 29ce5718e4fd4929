"""A plain table for people and their scripts: one line for each student, safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator

from grader.classroom import Cell, CellState, Row
from grader.handback import cells
from grader.handback.book import Book, Export
from grader.handback.target import unsaid

# Excel takes a file without it for one in the code page of the country.
_MARK = b"\xef\xbb\xbf"


def export(book: Book, *, decimal_comma: bool = False) -> Export:
    """The table: who, the total, then for each exercise its points and its state.

    With a decimal comma cells are parted by semicolons, as spreadsheets of those countries write them.
    """
    notes: list[str] = []
    return Export(pieces=_pieces(book, notes, comma=decimal_comma), notes=notes)


def _pieces(book: Book, notes: list[str], *, comma: bool) -> Iterator[bytes]:
    delimiter = ";" if comma else ","
    columns = book.columns
    header = ["key", "name", "email", "total", "max_total", "complete"]
    for column in columns:
        header += [column.slug, f"{column.slug} max", f"{column.slug} state"]
    yield _MARK
    yield from cells.lines([[cells.text(name, 200) for name in header]], delimiter=delimiter)
    blank = 0
    for row in book.rows():
        blank += sum(cell.points is None for cell in row.cells)
        yield from cells.lines([_line(row, comma=comma)], delimiter=delimiter)
    notes += filter(None, [unsaid(blank)])


def _line(row: Row, *, comma: bool) -> list[str]:
    student = row.student
    line = [cells.text(one, 300) for one in (student.key, student.name, student.ids.get("email", ""))]
    # A total without the ungraded ones would be taken for the grade.
    line += [
        cells.number(row.total if row.complete else None, comma=comma),
        cells.number(row.max_total if row.complete else None, comma=comma),
        "yes" if row.complete else "no",
    ]
    for cell in row.cells:
        line += [cells.number(cell.points, comma=comma), cells.number(cell.max_score, comma=comma), state(cell)]
    return line


def state(cell: Cell) -> str:
    """How a cell came to its points, in words that a script can look for."""
    words = [cell.state.value]
    if cell.state is CellState.GRADED:
        if cell.counted is not None and (cell.counted.late_s > 0 or cell.counted.percent_off > 0):
            words.append("late")
        if cell.adjustment is not None:
            words.append("adjusted")
    return " ".join(words)
