"""A figure as what a template needs to draw it: one path per error class, tick labels, and words.

Drawn as SVG shapes and not as coloured table cells: browsers leave out background colours when printing.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.model import Figure
from grader.report import words
from grader.text import clean_line

CLASSES = ("within the tolerance", "up to 1 %", "up to 10 %", "up to 50 %", "up to the worst error")
"""What the error classes 0 to 4 of a cell mean, in parts of the worst error."""

MAX_ROWS = 48
MAX_COLUMNS = 64
MAX_WORST_NAMED = 5
_TICK_STEPS = (1, 2, 5, 10, 20)
_MOST_TICKS = 12


@dataclass(frozen=True, slots=True)
class Tick:
    """A number at an axis; `at` is the middle of its row or column, in cells."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A figure, ready to be drawn. Lengths are in cells; `cell_px` is the side of a cell on a wide screen.

    `paths` holds for each error class the squares of that class, `dots` a mark in each cell of the worst
    one, so that it is told by a shape as well as by a colour. Where it is known whether a cell is too large or too
    small, a triangle that points up or down is that mark, a large one for the worst class: `marks` are the outlines of
    those in strong colours, `pale_marks` of those in pale ones. `alternative` says it all in words.
    """

    label: str
    shape: str
    text: str
    note: str
    alternative: str
    rows: int
    columns: int
    cell_px: int
    paths: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    marks: str
    pale_marks: str
    row_ticks: tuple[Tick, ...]
    column_ticks: tuple[Tick, ...]
    legend: tuple[str, ...]


def draw(figure: Figure) -> HeatMap | None:
    """Return the heat map of `figure`, cut to `MAX_ROWS` and `MAX_COLUMNS`, or None if it has no cells."""
    cells = [[min(max(cell, 0), 4) for cell in row[:MAX_COLUMNS]] for row in figure.cells[:MAX_ROWS]]
    columns = max((len(row) for row in cells), default=0)
    if columns == 0:
        return None
    cut = len(figure.cells) > MAX_ROWS or any(len(row) > MAX_COLUMNS for row in figure.cells)
    signs = [
        [sign if cell else 0 for sign, cell in zip(row, cells_of_row, strict=False)]
        for row, cells_of_row in zip(figure.signs, cells, strict=False)
    ]
    # An index helps to find an element only where a cell is one.
    flattened, exact = len(figure.shape) > 2, not figure.pooled
    return HeatMap(
        label=clean_line(figure.label, 80),
        shape="(" + ", ".join(str(size) for size in figure.shape[:8]) + ("," if len(figure.shape) == 1 else "") + ")",
        text=clean_line(figure.text, 300),
        note=_note(figure, cut=cut),
        alternative=_alternative(cells, figure, exact=exact and not flattened),
        rows=len(cells),
        columns=columns,
        cell_px=min(26, max(13, 416 // columns)),
        paths=tuple(_squares(cells, error_class) for error_class in range(len(CLASSES))),
        dots=tuple(
            (x + 0.5, y + 0.5)
            for y, row in enumerate(cells)
            for x, cell in enumerate(row)
            if cell == 4 and not _sign(signs, y, x)
        ),
        marks=_triangles(cells, signs, (3, 4)),
        pale_marks=_triangles(cells, signs, (1, 2)),
        row_ticks=_ticks(len(cells)) if exact and len(figure.shape) == 2 else (),
        column_ticks=_ticks(columns) if exact else (),
        legend=CLASSES,
    )


def _squares(cells: list[list[int]], error_class: int) -> str:
    """The outline of all cells of one class as SVG path data, with a gap between neighbours."""
    return "".join(
        f"M{x}.04 {y}.04h.92v.92h-.92z"
        for y, row in enumerate(cells)
        for x, cell in enumerate(row)
        if cell == error_class
    )


def _sign(signs: list[list[int]], y: int, x: int) -> int:
    return signs[y][x] if y < len(signs) and x < len(signs[y]) else 0


def _triangles(cells: list[list[int]], signs: list[list[int]], classes: tuple[int, ...]) -> str:
    """The outlines of triangles in all cells of these classes that have a sign; upwards for too large."""
    path = []
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            sign = min(max(_sign(signs, y, x), -1), 1)
            if cell in classes and sign:
                half = 0.26 if cell == 4 else 0.15
                # From the left end of the base, which is below for a triangle that points up.
                path.append(
                    f"M{x + 0.5 - half:g} {y + 0.5 + sign * half:g}h{2 * half:g}l{-half:g} {-sign * 2 * half:g}z"
                )
    return "".join(path)


def _ticks(amount: int) -> tuple[Tick, ...]:
    step = next((s for s in _TICK_STEPS if amount / s <= _MOST_TICKS), _TICK_STEPS[-1])
    return tuple(Tick(index + 0.5, str(index)) for index in range(0, amount, step))


def _note(figure: Figure, *, cut: bool) -> str:
    notes = []
    if figure.pooled:
        notes.append("Each cell shows the worst of several elements.")
    if len(figure.shape) > 2:
        notes.append("Columns are the last dimension, rows all the others.")
    if cut:
        notes.append("Only the first rows and columns are shown.")
    return " ".join(notes)


def _alternative(cells: list[list[int]], figure: Figure, *, exact: bool) -> str:
    wrong = [(cell, y, x) for y, row in enumerate(cells) for x, cell in enumerate(row) if cell]
    size = f"{words.count(len(cells), 'row')} by {words.count(len(cells[0]), 'column')}"
    total = sum(len(row) for row in cells)
    label = clean_line(figure.label, 80)
    text = f"Heat map of {label}, {size}: {len(wrong)} of {words.count(total, 'cell')} outside the tolerance."
    if not wrong:
        return text
    signs = [sign for row in figure.signs for sign in row]
    if signs:
        text += f" {sum(s > 0 for s in signs)} too large, {sum(s < 0 for s in signs)} too small."
    most = max(cell for cell, _, _ in wrong)
    worst = [(y, x) for cell, y, x in wrong if cell == most]
    named = "; ".join(f"row {y}, column {x}" for y, x in worst[:MAX_WORST_NAMED])
    rest = len(worst) - MAX_WORST_NAMED
    more = f"; and {rest} more" if rest > 0 else ""
    counted = " (of the picture, counted from 0)" if not exact else " (counted from 0)"
    return f"{text} Largest errors at {named}{more}{counted}."
