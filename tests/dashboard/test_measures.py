"""The numbers of item analysis against the definitions."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.dashboard.measures import FEWEST, Correlation, bins, median, percentile

PAIRS = st.lists(
    st.tuples(st.integers(0, 1).map(float), st.integers(0, 7000).map(lambda n: n / 100)), min_size=FEWEST, max_size=60
)


def r_of(pairs: list[tuple[float, float]]) -> float | None:
    correlation = Correlation()
    for x, y in pairs:
        correlation.add(x, y)
    return correlation.value


@given(PAIRS)
def test_r_is_that_of_the_library(pairs: list[tuple[float, float]]) -> None:
    xs, ys = zip(*pairs, strict=True)
    try:
        expected = statistics.correlation(xs, ys)
    except statistics.StatisticsError:
        assert r_of(pairs) is None
    else:
        assert r_of(pairs) == pytest.approx(expected, abs=1e-9)


def test_a_check_is_the_point_biserial_of_the_textbook() -> None:
    passed, failed = [8.0, 9.0, 7.0, 10.0], [3.0, 5.0, 4.0]
    every = passed + failed
    share = len(passed) / len(every)
    # (M1 - M0) / s * sqrt(p q), with the standard deviation of the population.
    expected = (
        (statistics.mean(passed) - statistics.mean(failed)) / statistics.pstdev(every) * math.sqrt(share * (1 - share))
    )

    assert r_of([(1.0, y) for y in passed] + [(0.0, y) for y in failed]) == pytest.approx(expected)


def test_too_few_or_all_alike_have_none() -> None:
    assert r_of([(0.0, 1.0), (1.0, 2.0)] * 2) is None
    assert r_of([(1.0, float(y)) for y in range(9)]) is None
    assert r_of([(float(x), 1.0) for x in range(9)]) is None


def test_a_large_offset_does_not_cancel() -> None:
    assert r_of([(float(n), 1e9 + n) for n in range(100)]) == pytest.approx(1.0)


@pytest.mark.parametrize(("percent", "value"), [(50, 5.0), (95, 10.0), (90, 9.0), (100, 10.0), (0, 1.0), (1, 1.0)])
def test_a_percentile_is_the_nearest_rank(percent: float, value: float) -> None:
    assert percentile([float(n) for n in range(1, 11)], percent) == value


@given(st.lists(st.floats(0, 100), min_size=1))
def test_the_median_is_that_of_the_library(values: list[float]) -> None:
    assert median(sorted(values)) == statistics.median(values)


def test_nothing_has_no_middle() -> None:
    assert math.isnan(median([]))
    assert math.isnan(percentile([], 95))


def test_bins_hold_everybody_and_full_marks_are_in_the_last() -> None:
    assert bins([0.0, 0.049, 0.05, 0.1 + 0.2, 0.999, 1.0, 1.2], 20) == (2, 1, 0, 0, 0, 0, 1, *[0] * 12, 3)
