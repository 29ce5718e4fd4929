"""The words that all renderers share."""

from __future__ import annotations

import math

import pytest

from grader.model import Level, Outcome, Status
from grader.report import words


def test_every_value_of_the_model_has_a_word_and_a_sign() -> None:
    assert set(words.OUTCOME) == set(words.OUTCOME_SIGN) == set(Outcome)
    assert set(words.STATUS) == set(words.STATUS_SIGN) == set(Status)
    assert set(words.LEVEL) == set(Level)


def test_no_two_outcomes_and_no_two_statuses_share_a_word() -> None:
    assert len(set(words.OUTCOME.values())) == len(Outcome)
    assert len(set(words.STATUS.values())) == len(Status)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (3.0, "3"),
        (2.5, "2.5"),
        (1 / 3, "0.33"),
        (2 / 3, "0.66"),
        (9.999, "9.99"),
        (0.1 + 0.2, "0.3"),
        (0.57 * 100, "57"),
        (100.0, "100"),
        (1e12, "1e+12"),
        (math.nan, "?"),
        (math.inf, "?"),
    ],
)
def test_points_are_written_as_people_do_and_never_rounded_up(value: float, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0 points"), (1, "1 point"), (1.5, "1.5 points")])
def test_points_have_a_unit(value: float, text: str) -> None:
    assert words.points(value) == text


def test_nouns_follow_their_number() -> None:
    assert words.count(1, "check") == "1 check"
    assert words.count(0, "check") == "0 checks"
    assert words.count(2, "diagnosis", "diagnoses") == "2 diagnoses"
    assert words.count(1234, "line") == "1,234 lines"


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (0.0, "0 ms"),
        (0.0042, "5 ms"),
        (0.9999, "1.0 s"),
        (2.34, "2.3 s"),
        (59.96, "1 min"),
        (185.0, "3 min 5 s"),
        (7200.0, "120 min"),
        (-1.0, "?"),
        (math.nan, "?"),
        (math.inf, "?"),
    ],
)
def test_durations_are_written_as_people_do(duration_s: float, text: str) -> None:
    assert words.seconds(duration_s) == text
