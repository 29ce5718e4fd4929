"""What the judge tells `grade check` of a job: shares of tolerances, and numbers of the suite in texts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from grader.compare import share_of_tolerance
from grader.course import Course
from grader.engine import Engine, ExerciseFinished, Job, Options
from grader.judge.digits import telling
from grader.judge.messages import Observed
from grader.judge.watch import Numbers, values_of

COURSES = Path(__file__).parents[1] / "courses"
COURSE = Course.load(COURSES / "check_number_shown")
SLUG = "number_shown"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(COURSE, [SLUG], Options(seed=3, watch=True)) as started:
        yield started


def finished(engine: Engine, body: str) -> ExerciseFinished:
    job = Job(slug=SLUG, file=f"{SLUG}.py", sha256="", source=f"def double(X):\n    return {body}\n")
    (found,) = [event for event in engine.grade([job]) if isinstance(event, ExerciseFinished)]
    return found


def observed(engine: Engine, body: str) -> Observed:
    found = finished(engine, body).observed
    assert found is not None
    return found


def test_a_right_answer_uses_some_of_a_tolerance_and_shows_nothing(engine: Engine) -> None:
    found = observed(engine, "2.0000001 * X")
    assert set(found.used) == {"test_gradient"}
    assert 0 <= found.used["test_gradient"] < 0.1
    assert (found.missed, found.shown) == ({}, ())
    assert observed(engine, "2 * X") == Observed(used={"test_gradient": 0.0})


def test_a_wrong_answer_misses_by_so_many_tolerances(engine: Engine) -> None:
    found = observed(engine, "3 * X")
    assert found.used == {}
    assert found.missed["test_gradient"] > 1000
    (shown,) = found.shown
    (check,) = [one for one in finished(engine, "3 * X").result.checks if one.id == "test_values"]
    assert shown.check == "test_values"
    assert shown.number in check.message


def test_what_the_submission_returned_is_its_own(engine: Engine) -> None:
    # The first element is right here, so that its value is no news.
    assert observed(engine, "2 * X + X.new_tensor([[0.0, 1.0, 1.0]])").shown == ()


def test_nobody_watches_the_submissions_of_students() -> None:
    with Engine(COURSE, [SLUG], Options(seed=3)) as plain:
        assert finished(plain, "3 * X").observed is None


def test_threads_reach_the_judge_and_the_worker() -> None:
    course = Course.load(COURSES / "check_threads_matter")
    source = "import torch\n\n\ndef double(X):\n    return 2 * X * torch.get_num_threads()\n"
    jobs = [Job(slug="threads_matter", file="t.py", sha256="", source=source, threads=n) for n in (1, 2, 1)]
    with Engine(course, course.slugs, Options(seed=3)) as engine:
        results = [event.result for event in engine.grade(jobs) if isinstance(event, ExerciseFinished)]
    # The third check expects so many times as much; the others always twice.
    passed = [[check.score > 0 for check in result.checks] for result in results]
    assert passed == [[True, True, True], [False, False, True], [True, True, True]]


@pytest.mark.parametrize(
    ("actual", "expected", "share"),
    [
        (torch.tensor([1.0, 2.5]), torch.tensor([1.0, 2.0]), 5.0),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0]), 0.0),
        (torch.tensor([math.inf, math.nan]), torch.tensor([math.inf, math.nan]), 0.0),
        (torch.tensor([math.nan]), torch.tensor([1.0]), math.inf),
        (torch.tensor([1.0]), torch.tensor([math.inf]), math.inf),
        (1.05, 1.0, 0.5),
        (torch.tensor([1.0]), torch.tensor([1.0, 1.0]), None),
        (torch.tensor([1.0]), torch.tensor([1.0], dtype=torch.float64), None),
        (torch.tensor([1.0], device="meta"), torch.tensor([1.0], device="meta"), None),
        (None, torch.tensor([1.0]), None),
        ("1", 1.0, None),
    ],
)
def test_the_share_of_a_tolerance_is_that_of_the_worst_element(
    actual: object, expected: torch.Tensor | float, share: float | None
) -> None:
    found = share_of_tolerance(actual, expected, 0.0, 0.1)
    assert found == (None if share is None else pytest.approx(share, rel=1e-5))


def test_an_exact_comparison_has_no_tolerance() -> None:
    assert share_of_tolerance(torch.ones(2), torch.zeros(2), 0.0, 0.0) is None
    assert share_of_tolerance(torch.ones(2, dtype=torch.int64), torch.zeros(2, dtype=torch.int64), None, None) is None


def test_rows_are_found_side_by_side_only() -> None:
    numbers = Numbers()
    numbers.add([torch.tensor([[1.0, 2.0], [3.0, 4.0]])])
    (row,), (other,) = telling("[2., 3., 4.]")[1], telling("[4., 3., 2.]")[1]
    assert numbers.have(row)
    assert not numbers.have(other)


def test_the_values_of_a_function_are_seen_when_it_returns() -> None:
    def suite() -> float:
        expected = {"loss": [0.25, 1.5]}
        return expected["loss"][0]

    with values_of(__file__) as found:
        suite()
    assert [t.tolist() for t in found.flat] == [[0.25, 1.5]]
