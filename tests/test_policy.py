from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.classroom import Adjustment, AttemptGrade, CellState, Column, Student
from grader.course import CourseError
from grader.model import Status
from grader.policy import Attempt, Late, Policy, Terms, cell, lateness, load, points_of, row

COLUMN = Column(slug="matmul", title="Matmul", chapter="1", max_score=10.0)
DUE = "2026-03-01T22:59:00+00:00"
LATE = Policy(late=Late(grace_minutes=15, percent_per_day=10, max_percent=50))
FULL = """
title = "Deep learning"
attempt = "best"
timezone = "Europe/Berlin"

[late]
grace_minutes = 15
percent_per_day = 10
max_percent = 50

[exercises.matmul]
due = 2026-03-01T23:59:00
weight = 2

[exercises.relu]
due = 2026-03-08T12:00:00-05:00
"""


def written(folder: Path, text: str) -> Path:
    (folder / "course.toml").write_text(text, encoding="utf-8")
    return folder


def grade(score: float = 10.0, status: Status | None = Status.PASSED, off: float = 0.0, id: int = 1) -> AttemptGrade:
    return AttemptGrade(
        submission_id=id,
        attempt=1,
        file="matmul.py",
        sha256="",
        percent_off=off,
        status=status,
        score=score,
        max_score=10,
    )


def test_a_course_without_the_file_has_a_mild_policy(tmp_path: Path) -> None:
    policy = load(tmp_path)
    assert policy == Policy(attempt=Attempt.LAST)
    assert lateness(policy, DUE, "2027-01-01T00:00:00+00:00", late=True) == (26_355_660.0, 0.0)


def test_the_file_is_read_with_its_times_in_utc(tmp_path: Path) -> None:
    policy = load(written(tmp_path, FULL), known=("matmul", "relu"))
    assert policy == Policy(
        title="Deep learning",
        attempt=Attempt.BEST,
        timezone="Europe/Berlin",
        late=Late(grace_minutes=15, percent_per_day=10, max_percent=50),
        exercises={
            "matmul": Terms(due="2026-03-01T22:59:00+00:00", weight=2),
            "relu": Terms(due="2026-03-08T17:00:00+00:00"),
        },
    )
    other = Column(slug="other", title="", chapter="", max_score=1, weight=3, due="x")
    assert [(one.weight, one.due) for one in policy.fill([COLUMN, other])] == [(2, DUE), (3, "x")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("titel = 'x'", "unknown key titel; allowed here: title, attempt, timezone, late, exercises"),
        ("title = 1", "key title: expected a text, got a whole number"),
        ("attempt = 'first'", "key attempt: 'first' is not one of last, best"),
        ("timezone = 'Mars/Olympus'", "key timezone: 'Mars/Olympus' is not known; write one like \"Europe/Berlin\""),
        ("timezone = '../../etc/passwd'", "key timezone: '../../etc/passwd' is not known; write one like"),
        ("late = 5", "key late: expected a table, got a whole number"),
        ("[late]\ngrace = 5", "unknown key late.grace; allowed here: grace_minutes, percent_per_day, max_percent"),
        ("[late]\npercent_per_day = 101", "key late.percent_per_day: must be <= 100"),
        ("[late]\ngrace_minutes = -1", "key late.grace_minutes: must be >= 0"),
        ("[late]\nmax_percent = 'all'", "key late.max_percent: expected a number, got a text"),
        ("[exercises]\nmatmul = 1", "key exercises[...]: expected a table, got a whole number"),
        ("[exercises.matmul]\ndates = 1", "unknown key exercises.matmul.dates; allowed here: due, weight"),
        ("[exercises.matmul]\nweight = -1", "key exercises.matmul.weight: must be >= 0"),
        ("[exercises.matmul]\nweight = nan", "key exercises.matmul.weight: must be >= 0"),
        (
            "[exercises.matmul]\ndue = 2026-03-01",
            "key exercises.matmul.due: expected a date with a time, got a date without a time",
        ),
        ("[exercises.matmul]\ndue = 'soon'", "key exercises.matmul.due: expected a date with a time and no quotes"),
        (
            "[exercises.matmul]\ndue = 2026-03-01T12:00:00",
            "key exercises.matmul.due: a time without an offset; add one",
        ),
        ("[exercises.matmul]\ndue = 0001-01-01T00:00:00+14:00", "key exercises.matmul.due: date value out of range"),
        ("[exercises.matmull]\nweight = 1", "key exercises.matmull: no exercise is called 'matmull'"),
        ("title = ", "not TOML: "),
    ],
)
def test_a_bad_file_is_one_line_that_names_the_key(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(CourseError) as caught:
        load(written(tmp_path, text), known=("matmul",))
    assert str(caught.value).startswith(f"{tmp_path / 'course.toml'}: {line}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("submitted_at", "late_s", "percent"),
    [
        ("2026-03-01T22:58:59+00:00", 0, 0),
        (DUE, 0, 0),  # exactly at the due time
        ("2026-03-01T22:59:01+00:00", 1, 0),  # in the grace
        ("2026-03-01T23:14:00+00:00", 900, 0),  # its last instant
        ("2026-03-01T23:14:01+00:00", 901, 10),
        ("2026-03-02T22:59:00+00:00", 86_400, 10),  # a whole day from the due time, not from the end of the grace
        ("2026-03-02T22:59:01+00:00", 86_401, 20),
        ("2026-03-02T23:59:01+01:00", 86_401, 20),  # the same instant
        ("2026-03-06T22:59:00+00:00", 5 * 86_400, 50),
        ("2026-09-01T00:00:00+00:00", 15_814_860, 50),  # the most
    ],
)
@pytest.mark.parametrize("said", [None, True, False])
def test_started_days_count_whole(submitted_at: str, late_s: float, percent: float, said: bool | None) -> None:
    assert lateness(LATE, DUE, submitted_at, said) == (late_s, percent)


@pytest.mark.parametrize(("due", "submitted_at"), [("", DUE), (DUE, ""), ("", ""), (DUE, "yesterday")])
def test_without_times_the_word_of_the_download_costs_one_day(due: str, submitted_at: str) -> None:
    assert lateness(LATE, due, submitted_at, late=True) == (0, 10)
    assert lateness(LATE, due, submitted_at, late=False) == (0, 0)
    assert lateness(LATE, due, submitted_at, late=None) == (0, 0)
    capped = Policy(late=Late(percent_per_day=80, max_percent=30))
    assert lateness(capped, due, submitted_at, late=True) == (0, 30)


@pytest.mark.parametrize(
    ("due", "last_of_first_day"),
    [
        ("2026-03-28T22:59:00+00:00", "2026-03-29T21:59:00+00:00"),  # 23 hours: clocks go forward
        ("2026-10-24T21:59:00+00:00", "2026-10-25T22:59:00+00:00"),  # 25 hours: they go back
    ],
)
def test_a_day_ends_at_the_same_time_on_the_clock_when_clocks_change(due: str, last_of_first_day: str) -> None:
    policy = Policy(timezone="Europe/Berlin", late=Late(percent_per_day=10))
    assert lateness(policy, due, last_of_first_day, None)[1] == 10
    one_later = last_of_first_day.replace(":00+", ":01+")
    assert lateness(policy, due, one_later, None)[1] == 20


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("2026-07-01T12:00:00", "2026-07-01T10:00:00+00:00"),
        ("2026-12-01T12:00:00", "2026-12-01T11:00:00+00:00"),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00+00:00"),  # not on any clock: the later reading
        ("2026-10-25T02:30:00", "2026-10-25T01:30:00+00:00"),  # on it twice: the second time
    ],
)
def test_a_local_time_is_read_in_the_students_favour(tmp_path: Path, wall: str, utc: str) -> None:
    text = f'timezone = "Europe/Berlin"\n[exercises.matmul]\ndue = {wall}\n'
    assert load(written(tmp_path, text)).exercises["matmul"].due == utc


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59+00:00", "9999-12-31T23:59:59.999999+00:00"])
@pytest.mark.parametrize("timezone", ["", "Europe/Berlin", "America/New_York"])
def test_a_forged_time_at_the_end_of_the_calendar_is_late_and_no_error(time: str, timezone: str) -> None:
    policy = Policy(timezone=timezone, late=Late(percent_per_day=10, max_percent=50))
    assert lateness(policy, "2026-03-01T23:59:30+00:00", time, None)[1] == 50


@given(st.integers(0, 40 * 86_400), st.integers(0, 40 * 86_400), st.sampled_from(["", "Europe/Berlin"]))
def test_later_is_never_cheaper(first: int, second: int, timezone: str) -> None:
    policy = Policy(timezone=timezone, late=Late(grace_minutes=30, percent_per_day=7, max_percent=80))
    due = datetime.fromisoformat("2026-03-20T12:00:00+00:00")
    offs = [
        lateness(policy, due.isoformat(), (due + timedelta(seconds=late_s)).isoformat(), None)[1]
        for late_s in sorted((first, second))
    ]
    assert 0 <= offs[0] <= offs[1] <= 80


def test_the_last_attempt_counts_whatever_became_of_it() -> None:
    good, bad, waits = grade(10), grade(2, Status.FAILED), grade(0, None)
    assert cell(Policy(), COLUMN, [good, bad]).points == 2
    assert cell(Policy(), COLUMN, [good, waits]).state is CellState.WAITING
    ungraded = cell(Policy(), COLUMN, [good, grade(0, Status.UNGRADED)])
    assert (ungraded.state, ungraded.points) == (CellState.UNGRADED, None)


def test_the_best_attempt_is_the_best_after_lateness() -> None:
    policy = Policy(attempt=Attempt.BEST)
    early, late = grade(7, id=1), grade(10, off=40, id=2)
    assert cell(policy, COLUMN, [early, late]).counted == early
    assert cell(policy, COLUMN, [early, grade(10, off=20, id=2)]).points == 8
    assert cell(policy, COLUMN, [early, grade(7, id=2)]).counted == early


@pytest.mark.parametrize(
    ("off", "state"),
    [(0, CellState.UNGRADED), (20, CellState.UNGRADED), (40, CellState.GRADED), (30, CellState.GRADED)],
)
def test_an_ungraded_attempt_matters_only_if_it_could_be_the_best(off: float, state: CellState) -> None:
    policy = Policy(attempt=Attempt.BEST)
    assert cell(policy, COLUMN, [grade(7), grade(0, Status.UNGRADED, off)]).state is state
    waiting = CellState.WAITING if state is CellState.UNGRADED else state
    assert cell(policy, COLUMN, [grade(0, None, off), grade(7)]).state is waiting


def test_nothing_handed_in_is_no_points_and_says_what_was_refused() -> None:
    missing, refused = cell(Policy(), COLUMN, []), cell(Policy(), COLUMN, [], None, "a zip bomb")
    assert (missing.state, missing.points, missing.why) == (CellState.MISSING, 0.0, "")
    assert (refused.state, refused.points, refused.why) == (CellState.REFUSED, 0.0, "a zip bomb")
    assert cell(Policy(), COLUMN, [grade()], None, "a zip bomb").state is CellState.GRADED


@pytest.mark.parametrize("attempts", [[], [grade(3, off=50)], [grade(0, Status.UNGRADED)], [grade(0, None)]])
def test_an_adjustment_is_what_counts(attempts: list[AttemptGrade]) -> None:
    adjustment = Adjustment(points=8, why="x", who="y", at="")
    found = cell(Policy(), COLUMN, attempts, adjustment)
    assert (found.state, found.points, found.adjustment) == (CellState.GRADED, 8, adjustment)
    assert found.attempts == tuple(attempts)


def test_a_grade_is_out_of_what_it_was_given_for() -> None:
    """An exercise has 12 points now; who was graded when it had 10 keeps 10 of 10."""
    column = Column(slug="matmul", title="", chapter="", max_score=12)
    assert cell(Policy(), column, [grade(10)]).max_score == 10
    assert cell(Policy(), column, []).max_score == 12


def test_points_are_rounded_after_a_percentage() -> None:
    assert points_of(grade(7, off=10)) == 6.3
    assert points_of(grade(10, off=33.333)) == 6.6667
    assert points_of(grade(0.1 + 0.2)) == 0.1 + 0.2


def test_a_row_weighs_what_has_points() -> None:
    columns = [
        Column(slug=slug, title="", chapter="", max_score=10, weight=weight) for slug, weight in (("a", 2), ("b", 1))
    ]
    done, waits = cell(Policy(), columns[0], [grade(7)]), cell(Policy(), columns[1], [grade(0, None)])
    found = row(Student(key="x"), [done, waits], columns)
    assert (found.total, found.max_total, found.complete) == (14, 20, False)
