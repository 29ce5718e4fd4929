"""`results.json`: every field as Gradescope documents it, and nothing of a student's does more than be read."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from grader.handback import gradescope as handback
from grader.handout.gradescope import Shown, UngradedError, Visibility, points_differ, results
from grader.model import (
    CheckResult,
    Diagnosis,
    DiagnosisKind,
    Environment,
    ExerciseResult,
    Frame,
    Isolation,
    Level,
    Outcome,
    Report,
    Status,
    SubmissionFile,
)
from tests.handout import gradescope_format

METADATA: dict[str, Any] = {
    "id": 123456,
    "created_at": "2018-07-01T14:22:32.365935-07:00",
    "assignment": {"total_points": "20.0", "title": "Homework"},
    "users": [{"email": "student@example.com", "id": 1234, "name": "Student User"}],
}
HOSTILE = (
    "\x1b[31m<img src=x onerror=alert(1)> =HYPERLINK(1) **md** \r\n::error::x \u202e \ud800 \x00 | \u2028"
    + "A" * 50_000
)


def check(id: str, outcome: Outcome, **more: Any) -> CheckResult:
    score = 2.0 if outcome is Outcome.PASSED else 0.0
    return CheckResult(
        id=id, title=f"the promise of {id}", outcome=outcome, **{"score": score, "max_score": 2.0} | more
    )


def exercise(slug: str, *checks: CheckResult, **more: Any) -> ExerciseResult:
    score, worth = sum(one.score for one in checks), sum(one.max_score for one in checks)
    status = Status.PASSED if score == worth else Status.FAILED
    fields: dict[str, Any] = {"status": status, "score": score, "max_score": worth}
    return ExerciseResult(
        slug=slug,
        title="Title",
        chapter="01",
        submission=SubmissionFile(file=f"{slug}.py", sha256="ab" * 32),
        checks=checks,
        **fields | more,
    )


def report(*exercises: ExerciseResult) -> Report:
    return Report(
        score=sum(one.score for one in exercises),
        max_score=sum(one.max_score for one in exercises),
        exercises=exercises,
        isolation=Isolation(level=Level.PROCESS, missing=("bubblewrap: not installed",)),
        seed=7,
        environment=Environment(grader="0.1.0", python="3.11.2", torch="2.13.0"),
        duration_s=1.25,
    )


def read(value: dict[str, Any]) -> dict[str, Any]:
    """What Gradescope gets, checked against its documentation."""
    return gradescope_format.read(json.dumps(value).encode())


def test_each_check_is_a_row_with_its_points_and_text() -> None:
    failed = check(
        "b",
        Outcome.RAISED,
        message="Your code raised ValueError: no",
        hint="Which shape has it?",
        frames=(Frame(file="double.py", line=9, function="double"),),
        output="here\n",
    )
    value = read(results(report(exercise("double", check("a", Outcome.PASSED), failed)), METADATA))
    assert (value["score"], value["execution_time"], value["output"]) == (2.0, 1.25, "2 of 4 points.")
    first, second = value["tests"]
    assert (first["number"], first["name"]) == ("1.1", "double: the promise of a")
    assert (first["score"], first["max_score"], first["status"]) == (2.0, 2.0, "passed")
    assert first["output"] == ""
    assert second["output"].split("\n") == [
        "Your code raised ValueError: no",
        "  double.py, line 9, in double",
        "Hint: Which shape has it?",
        "Your code printed:",
        "here",
    ]


def test_the_points_of_the_rows_add_up_to_the_score() -> None:
    one = exercise("double", check("a", Outcome.PASSED, score=0.1, max_score=0.1), check("b", Outcome.FAILED))
    two = exercise("half", check("a", Outcome.PASSED, score=0.2, max_score=0.2), check("b", Outcome.SKIPPED))
    missing = exercise("sum", status=Status.NOT_ATTEMPTED, max_score=10.0, problem="No file sum.py was handed in.")
    value = read(results(report(one, two, missing), {}))
    assert value["score"] == 0.3
    assert sum(row.get("score", 0) for row in value["tests"]) == pytest.approx(0.3)
    assert sum(row.get("max_score", 0) for row in value["tests"]) == pytest.approx(14.3)
    assert value["tests"][-1] | {"visibility": ""} == {
        "number": "3",
        "name": "sum",
        "name_format": "text",
        "output": "No file sum.py was handed in.",
        "output_format": "text",
        "score": 0.0,
        "max_score": 10.0,
        "status": "failed",
        "visibility": "",
    }


def test_what_was_recognised_has_a_row_of_its_own_without_points() -> None:
    found = (
        Diagnosis(check="b", kind=DiagnosisKind.MISCONCEPTION, name="squared_instead", text="Is it the square?"),
        Diagnosis(check="", kind=DiagnosisKind.FORBIDDEN_API, name="torch.add", text="torch.add is used.", line=3),
        Diagnosis(check="b", kind=DiagnosisKind.GRADIENT, name="transposed", text="It is the transpose."),
    )
    none = exercise(
        "double", check("a", Outcome.PASSED, score=0.0), check("b", Outcome.FAILED), diagnoses=found, score=0.0
    )
    value = read(results(report(none), {}))
    about, a, b = value["tests"]
    assert about["output"] == "This looks like: squared instead. Is it the square?\nline 3: torch.add is used."
    assert "score" not in about
    assert (a["status"], a["output"]) == ("failed", "Passed, but without points: see the row of the exercise.")
    assert b["output"].startswith("It is the transpose.")


@pytest.mark.parametrize("show", [Shown(), Shown(visibility=Visibility.AFTER_DUE_DATE, stdout=Visibility.VISIBLE)])
def test_every_row_is_shown_as_was_chosen_and_what_is_printed_only_to_instructors_by_default(show: Shown) -> None:
    value = read(results(report(exercise("double", check("a", Outcome.PASSED))), {}, unmatched=["x.py"], show=show))
    assert {row["visibility"] for row in value["tests"]} == {value["visibility"]} == {show.visibility.value}
    assert value["stdout_visibility"] == show.stdout.value
    assert Shown().stdout is Visibility.HIDDEN


def test_what_a_student_controls_is_plain_text_and_bounded() -> None:
    bad = check("a", Outcome.FAILED, message=HOSTILE, hint=HOSTILE, output=HOSTILE)
    bad = msgspec.structs.replace(bad, frames=(Frame(file=HOSTILE, line=1, function=HOSTILE),) * 50)
    found = tuple(Diagnosis(check="a", kind=DiagnosisKind.FORBIDDEN_API, name=HOSTILE, text=HOSTILE) for _ in range(20))
    one = exercise("double", bad, problem=HOSTILE, diagnoses=found)
    value = read(
        results(report(*[one] * 8), {"id": HOSTILE, "created_at": HOSTILE}, unmatched=[HOSTILE] * 100)
        | {"tests": results(report(one), {}, unmatched=[HOSTILE] * 100)["tests"]}
    )
    texts = [row["output"] for row in value["tests"]]
    assert all(len(text) <= 4_000 for text in texts)
    assert all(row["output_format"] == row["name_format"] == "text" for row in value["tests"])
    assert value["tests"][-1]["name"] == "Files that were not graded"
    assert "and 80 more" in value["tests"][-1]["output"] or len(value["tests"][-1]["output"]) == 4_000
    assert value["extra_data"]["submission"] is None
    assert value["extra_data"]["created_at"] is None
    # Names come from the suite; no text of a student's gets there.
    assert {row["name"] for row in value["tests"]} == {
        "double",
        "double: the promise of a",
        "Files that were not graded",
    }


def test_our_fault_is_no_result_at_all() -> None:
    fine = exercise("double", check("a", Outcome.PASSED))
    ours = exercise("half", check("a", Outcome.INTERNAL_ERROR), status=Status.UNGRADED)
    with pytest.raises(UngradedError) as error:
        results(report(fine, ours), METADATA)
    assert error.value.slugs == ("half",)


@pytest.mark.parametrize(
    "metadata",
    [{}, {"assignment": None}, {"assignment": {"total_points": None}}, {"id": True, "assignment": []}, {"users": "x"}],
)
def test_any_of_the_metadata_may_be_missing_or_odd(metadata: dict[str, Any]) -> None:
    one = report(exercise("double", check("a", Outcome.PASSED)))
    read(results(one, metadata))
    assert points_differ(one, metadata) == ""


def test_an_assignment_with_other_points_is_told_to_the_instructor() -> None:
    one = report(exercise("double", check("a", Outcome.PASSED)))
    assert points_differ(one, METADATA).startswith("The assignment says 20 points, the exercises have 2 points")
    assert points_differ(one, {"assignment": {"total_points": "2.0"}}) == ""
    assert points_differ(one, {"assignment": {"total_points": "nan"}}) == ""


def test_what_an_instructor_may_need_later_is_kept() -> None:
    extra = read(results(report(exercise("double", check("a", Outcome.PASSED))), METADATA))["extra_data"]
    assert (extra["seed"], extra["isolation"], extra["submission"]) == (7, "process", 123456)
    assert extra["files"] == {"double": "ab" * 32}
    assert "student@example.com" not in json.dumps(extra)


def test_exports_write_the_same() -> None:
    assert handback.results is results
