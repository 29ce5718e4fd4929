"""What the class page says of a class."""

from __future__ import annotations

import statistics

import msgspec
import pytest

from grader.classroom import Adjustment, CellState, Graded
from grader.dashboard.fill import ENTRIES_SHOWN, fill
from grader.dashboard.page import ExerciseStats, Page
from grader.model import Diagnosis, DiagnosisKind, Outcome, Status
from tests.dashboard.samples import DUE, NASTY, FakeBook, cell, columns, done, graded, one_student, result, sample_class


def class_of(*outcomes: tuple[list[bool], str], slug: str = "matmul") -> FakeBook:
    """A student for each (passed, mistake), with one exercise."""
    results: dict[str, Graded] = {}
    rows = []
    for number, (passed, mistake) in enumerate(outcomes):
        outcome = result(slug, passed, mistake)
        results[str(number)] = graded(outcome)
        rows.append(one_student(f"S{number:02}", done(slug, outcome.score, str(number)), key=f"canvas:{number}"))
    return FakeBook(columns(1), rows, results)


def tiles(page: Page | ExerciseStats) -> dict[str, tuple[str, str]]:
    """The numbers, by what they count."""
    found = page.tiles if isinstance(page, Page) else page.facts
    return {tile.label: (tile.value, tile.detail) for tile in found}


GOOD, BAD = [True] * 4, [True, False, True, False]


def test_failures_are_grouped_by_diagnosis_and_each_student_counts_once() -> None:
    book = class_of(*[(BAD, "sum_for_mean")] * 37, *[(BAD, "")] * 2, *[(GOOD, "")] * 11)
    page = fill(book)
    [exercise] = page.exercises

    assert [(one.students, one.text) for one in exercise.mistakes] == [
        ("37 students", "sum for mean"),
        ("2 students", "wrong in a way that is not recognised"),
    ]
    assert [(one.students, one.text) for one in page.mistakes] == [("37 students", "sum for mean")]
    assert sum(str(page.mistakes[0].index) in row.mistakes.split() for row in page.rows) == 37


def test_pass_rates_are_of_those_who_handed_in() -> None:
    book = class_of((GOOD, ""), (BAD, ""), (BAD, ""))
    book._rows.append(one_student("Z", cell("matmul"), key="canvas:99"))
    [exercise] = fill(book).exercises

    assert [check.share for check in exercise.checks] == ["100 %", "33 %", "100 %", "33 %"]
    assert exercise.checks[1].detail == "2 failed"
    assert tiles(exercise)["handed in"] == ("3", "of 4")
    assert tiles(exercise)["full marks"] == ("33 %", "1 student")


def test_almost_all_is_not_all_and_almost_none_is_not_none() -> None:
    [exercise] = fill(class_of(*[(GOOD, "")] * 999, (BAD, ""))).exercises
    assert exercise.checks[1].share == "99 %"
    [exercise] = fill(class_of(*[(BAD, "")] * 999, (GOOD, ""))).exercises
    assert exercise.checks[1].share == "1 %"


def test_difficulty_and_discrimination_are_those_of_the_suite_before_lateness() -> None:
    scores = [(10.0, 9.0), (8.0, 10.0), (3.0, 4.0), (1.0, 2.0), (6.0, 1.0), (7.0, 8.0)]
    rows, results = [], {}
    for number, (first, second) in enumerate(scores):
        cells = []
        for slug, score in (("matmul", first), ("linear", second)):
            key = f"{slug}{number}"
            results[key] = graded(msgspec.structs.replace(result(slug, GOOD), score=score))
            # Late, so that what counts is another number.
            cells.append(done(slug, 0.5 * score, key, score=score, late_s=10.0, percent_off=50.0))
        rows.append(one_student(f"S{number}", *cells, key=f"canvas:{number}"))
    first_exercise = fill(FakeBook(columns(2), rows, results)).exercises[0]

    expected = statistics.correlation([a for a, _ in scores], [b for _, b in scores])
    assert tiles(first_exercise)["discrimination"][0] == f"{expected:+.2f}"
    assert tiles(first_exercise)["difficulty"] == ("0.58", "mean 5.83 of 10 points")


def test_our_own_failure_is_nobodys_mistake_and_in_no_rate() -> None:
    book = class_of((GOOD, ""), (BAD, "sum_for_mean"))
    broken = msgspec.structs.replace(result("matmul", BAD), status=Status.UNGRADED)
    book._results["x"] = graded(broken)
    waiting = cell("matmul", CellState.UNGRADED, counted=done("matmul", 0, "x", status=Status.UNGRADED).counted)
    book._rows.append(one_student("Z", waiting, key="canvas:99"))
    page = fill(book)

    assert page.exercises[0].checks[1].share == "50 %"
    assert tiles(page)["not fully graded"] == ("1", "")
    assert page.listings[0].title == "Not graded: our fault (1)"
    assert page.rows[2].total == "0+"
    assert page.rows[2].cells[0].text == ""


def test_a_flagged_use_is_to_look_at_and_no_mistake() -> None:
    book = class_of((GOOD, ""))
    flagged = Diagnosis(check="", kind=DiagnosisKind.FORBIDDEN_API, name="torch.nn.Linear", text="x", review=True)
    book._results["0"] = graded(msgspec.structs.replace(book._results["0"].result, diagnoses=(flagged,)))
    page = fill(book)

    assert page.mistakes == ()
    assert page.exercises[0].mistakes[0].text == "to look at: torch.nn.Linear"
    assert page.rows[0].flags == "v"


@pytest.mark.parametrize(
    ("outcome", "text"),
    [(Outcome.TIMED_OUT, "timed out"), (Outcome.RAISED, "raised an error"), (Outcome.CRASHED, "crashed")],
)
def test_without_a_diagnosis_the_outcome_says_what_went_wrong(outcome: Outcome, text: str) -> None:
    book = class_of((BAD, ""))
    made = book._results["0"].result
    checks = tuple(
        msgspec.structs.replace(check, outcome=outcome) if check.outcome is Outcome.FAILED else check
        for check in made.checks
    )
    book._results["0"] = graded(msgspec.structs.replace(made, checks=checks))

    assert [one.text for one in fill(book).exercises[0].mistakes] == [text]


def test_late_adjusted_refused_and_missing_are_told_and_can_be_shown_alone() -> None:
    decided = Adjustment(points=8.0, why="on paper", who="tutor", at=DUE)
    rows = [
        one_student("A", done("matmul", 9, late_s=7200.0, percent_off=10.0), key="canvas:1"),
        one_student("B", msgspec.structs.replace(done("matmul", 8), adjustment=decided), key="canvas:2"),
        one_student("C", cell("matmul", CellState.REFUSED), key="canvas:3"),
        one_student("D", cell("matmul"), key="canvas:4"),
        one_student("E", cell("matmul", CellState.WAITING), key="canvas:5"),
    ]
    page = fill(FakeBook(columns(1), rows))

    assert [row.flags for row in page.rows] == ["l", "a", "r", "m", "u"]
    assert [choice.text for choice in page.choices] == [
        "late (1)",
        "adjusted (1)",
        "not graded (1)",
        "refused (1)",
        "something missing (1)",
    ]
    late = next(listing for listing in page.listings if listing.title == "Late (1)")
    assert late.entries[0].text == "Matrix product with its own gradient: late by 2 hours, 10 % off"
    adjusted = next(listing for listing in page.listings if listing.title.startswith("Adjusted"))
    assert adjusted.entries[0].text.endswith("set to 8 of 10 points: on paper (tutor, 2026-03-01)")


def test_long_lists_are_cut_and_say_so() -> None:
    rows = [one_student(f"S{n}", done("matmul", 9, late_s=60.0), key=f"c:{n}") for n in range(ENTRIES_SHOWN + 7)]
    [late] = fill(FakeBook(columns(1), rows)).listings

    assert (len(late.entries), late.more, late.open) == (ENTRIES_SHOWN, "and 7 more", False)


def test_an_empty_class_has_a_page() -> None:
    page = fill(FakeBook(columns(2), []))

    assert page.lead == "Nobody has handed in anything yet."
    assert page.histogram is None
    assert fill(FakeBook((), [], title="")).title == "The class"


def test_every_row_leads_to_the_report_that_is_written() -> None:
    page = fill(sample_class(10))

    assert all(row.href.startswith("reports/") and row.href.endswith(".html") for row in page.rows)


def test_hostile_texts_are_cleaned_and_bounded() -> None:
    long = NASTY + "x" * 100_000
    outcome = msgspec.structs.replace(result("matmul", BAD, long), problem=long)
    book = FakeBook(columns(1), [one_student(long, done("matmul", 1, "k"))], {"k": graded(outcome)}, title=long)
    page = fill(book)

    assert len(page.title) <= 200
    assert len(page.rows[0].name) <= 80
    assert len(page.mistakes[0].text) <= 120
    assert "\u202e" not in page.title + page.rows[0].name + page.mistakes[0].text
