"""A figure becomes squares, ticks and words."""

from __future__ import annotations

import re

import pytest

from grader.model import Figure
from grader.report import heatmap
from tests.report import samples


def squares(path: str) -> set[tuple[int, int]]:
    """(row, column) of each square in path data."""
    return {(int(float(y)), int(float(x))) for x, y in re.findall(r"M([\d.]+) ([\d.]+)h", path)}


def drawn(*rows: tuple[int, ...], shape: tuple[int, ...] | None = None, pooled: bool = False) -> heatmap.HeatMap:
    shape = (len(rows), len(rows[0])) if shape is None else shape
    made = heatmap.draw(Figure(label="dL/dX", shape=shape, cells=rows, pooled=pooled))
    assert made is not None
    return made


def test_every_cell_is_drawn_once_in_its_class() -> None:
    made = drawn((0, 1, 2), (3, 4, 0))

    assert [squares(path) for path in made.paths] == [{(0, 0), (1, 2)}, {(0, 1)}, {(0, 2)}, {(1, 0)}, {(1, 1)}]
    assert made.dots == ((1.5, 1.5),)


@pytest.mark.parametrize("cells", [(), ((),), ((), ())])
def test_nothing_is_drawn_without_cells(cells: tuple[tuple[int, ...], ...]) -> None:
    assert heatmap.draw(Figure(label="x", shape=(0,), cells=cells)) is None


def test_odd_cells_are_drawn_as_far_as_they_go() -> None:
    made = drawn((9, -3), (), (1,), shape=(3, 2))

    assert squares(made.paths[4]) == {(0, 0)}
    assert squares(made.paths[0]) == {(0, 1)}
    assert squares(made.paths[1]) == {(2, 0)}
    assert (made.rows, made.columns) == (3, 2)


def test_a_figure_that_is_too_large_is_cut_and_says_so() -> None:
    made = drawn(*((0,) * 500 for _ in range(500)))

    assert (made.rows, made.columns) == (heatmap.MAX_ROWS, heatmap.MAX_COLUMNS)
    assert made.note == "Only the first rows and columns are shown."


def test_ticks_count_elements_and_stay_few() -> None:
    made = drawn(*((0,) * 32 for _ in range(5)))

    assert [tick.text for tick in made.row_ticks] == ["0", "1", "2", "3", "4"]
    assert [tick.text for tick in made.column_ticks] == ["0", "5", "10", "15", "20", "25", "30"]
    assert made.column_ticks[1].at == 5.5


def test_a_pooled_figure_has_no_ticks_because_its_cells_are_no_elements() -> None:
    made = drawn((0, 1), shape=(100, 200), pooled=True)

    assert made.row_ticks == made.column_ticks == ()
    assert made.note == "Each cell shows the worst of several elements."
    assert made.alternative.endswith("(of the picture, counted from 0).")


def test_rows_of_a_flattened_tensor_have_no_ticks() -> None:
    made = drawn((0, 1), (0, 0), shape=(1, 2, 2))

    assert made.row_ticks == ()
    assert len(made.column_ticks) == 2
    assert made.note == "Columns are the last dimension, rows all the others."


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (((0, 0),), "Heat map of dL/dX, 1 row by 2 columns: 0 of 2 cells outside the tolerance."),
        (
            ((0, 3), (3, 1)),
            "Heat map of dL/dX, 2 rows by 2 columns: 3 of 4 cells outside the tolerance. "
            "Largest errors at row 0, column 1; row 1, column 0 (counted from 0).",
        ),
        (
            ((4,) * 8,),
            "Heat map of dL/dX, 1 row by 8 columns: 8 of 8 cells outside the tolerance. Largest errors at "
            "row 0, column 0; row 0, column 1; row 0, column 2; row 0, column 3; row 0, column 4; and 3 more "
            "(counted from 0).",
        ),
    ],
)
def test_the_alternative_says_in_words_what_the_picture_shows(rows: tuple[tuple[int, ...], ...], text: str) -> None:
    assert drawn(*rows).alternative == text


@pytest.mark.parametrize(("shape", "text"), [((5,), "(5,)"), ((5, 4), "(5, 4)"), ((2, 3, 4), "(2, 3, 4)")])
def test_the_shape_is_written_as_python_does(shape: tuple[int, ...], text: str) -> None:
    assert drawn((1,), shape=shape).shape == text


def test_label_and_text_are_cleaned() -> None:
    made = heatmap.draw(Figure(label="a\u202eb\n", shape=(1, 1), cells=((1,),), text="x" * 10_000))

    assert made is not None
    assert made.label == "a\\u202eb"
    assert "\u202e" not in made.alternative
    assert len(made.text) <= 300


def test_a_cell_is_smaller_where_there_are_many() -> None:
    wide = heatmap.draw(samples.POOLED)

    assert wide is not None
    assert wide.cell_px * wide.columns <= 416
    assert drawn((1,)).cell_px == 26


def test_a_cell_says_by_a_triangle_whether_it_is_too_large_or_too_small() -> None:
    figure = Figure(label="x", shape=(2, 2), cells=((4, 1), (4, 0)), signs=((1, -1), (0, 1)))
    made = heatmap.draw(figure)

    assert made is not None
    assert made.marks == "M0.24 0.76h0.52l-0.26 -0.52z"  # a large one, for the worst class
    assert made.pale_marks == "M1.35 0.35h0.3l-0.15 0.3z"
    assert made.dots == ((0.5, 1.5),)  # worst, but neither or both
    assert "too large, 1 too small." in made.alternative


@pytest.mark.parametrize("signs", [(), ((),), ((1,),), ((1, 1, 1),) * 9])
def test_odd_signs_are_drawn_as_far_as_they_go(signs: tuple[tuple[int, ...], ...]) -> None:
    made = heatmap.draw(Figure(label="x", shape=(1, 2), cells=((4, 4),), signs=signs))

    assert made is not None
    assert made.marks.count("M") + len(made.dots) == 2
