"""Numbers in texts: which are written there, and which can only come from a value."""

from __future__ import annotations

import pytest

from grader.judge.digits import telling, written


@pytest.mark.parametrize(
    ("text", "value", "digits", "point"),
    [
        ("off by 0.0123", 0.0123, 3, True),
        ("is -2.5000.", 2.5, 5, True),
        ("1.25e-05 allowed", 1.25e-5, 3, True),
        ("near 1000", 1000.0, 4, False),
        ("(3, 4)", 3.0, 1, False),
        ("0.1234567", 0.1234567, 7, True),
    ],
)
def test_a_number_has_a_value_and_digits(text: str, value: float, digits: int, point: bool) -> None:
    one = next(written(text))
    assert one.value == pytest.approx(value)
    assert (one.digits, one.point) == (digits, point)


@pytest.mark.parametrize("text", ["float32", "dL/dX", "X2", "test_12a", "v1.x"])
def test_digits_inside_of_words_are_no_numbers(text: str) -> None:
    assert list(written(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "3 of its 8 elements differ; the worst is at [1, 0, 2], off by 9.32 (2.16e-05 would be allowed).",
        "It has shape (2, 3, 4), expected (4, 3, 2).",
        "It is 7 times the expected one (largest difference 5e-07)",
    ],
)
def test_what_the_grader_itself_says_tells_nothing(text: str) -> None:
    assert telling(text) == ([], [])


def test_long_numbers_and_rows_with_points_tell() -> None:
    numbers, rows = telling("expected 0.69315 and tensor([[1., 2.], [3., 4.]])")
    assert [one.text for one in numbers] == ["0.69315"]
    assert [[one.value for one in row] for row in rows] == [[1, 2, 3, 4]]
