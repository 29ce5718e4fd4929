"""Cells of tables: no text is a formula, and numbers are as the other side reads them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.handback import cells
from tests.dashboard.samples import FORMULAS
from tests.handback.readers import formulas


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_no_known_formula_is_left_one(text: str, delimiter: str) -> None:
    table = b"".join(
        cells.lines([["a", cells.text(text), "b"], [cells.text(f"Doe {text}"), "1", "2"]], delimiter=delimiter)
    )

    assert formulas(table) == []


@given(st.text(alphabet="=+-@;,|\t\r\n \"'a1\uff1d\u200b", max_size=12))
def test_no_text_of_dangerous_letters_is_a_formula(text: str) -> None:
    assert formulas(b"".join(cells.lines([["x", cells.text(text), "y"]]))) == []


@pytest.mark.parametrize("text", ["Ana-María Perelló", "O'Hara, Jane", "a = b", "1-2", "müller@example.org", "x: y"])
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert cells.text(text) == text


def test_the_formulas_would_be_found_without_the_guard() -> None:
    table = b"".join(cells.lines([[text, "b"] for text in FORMULAS]))

    assert len(formulas(table)) >= len(FORMULAS)


@pytest.mark.parametrize(
    ("points", "plain", "comma"),
    [
        (8.5, "8.5", "8,5"),
        (10.0, "10", "10"),
        (9.999, "9.99", "9,99"),
        (0.1 + 0.2, "0.3", "0,3"),
        (0.0, "0", "0"),
        (1234.5, "1234.5", "1234,5"),
    ],
)
def test_numbers_have_two_decimals_at_most_and_no_thousands(points: float, plain: str, comma: str) -> None:
    assert cells.number(points) == plain
    assert cells.number(points, comma=True) == comma


@pytest.mark.parametrize("points", [None, math.nan, math.inf])
def test_what_is_no_number_is_blank_and_not_zero(points: float | None) -> None:
    assert cells.number(points) == ""
