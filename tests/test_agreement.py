"""A suite has the same outcomes in one process and across the wire, on every file that the course keeps."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from grader.engine import Engine, ExerciseFinished, Options
from grader.model import CheckResult, ExerciseResult, Outcome, Status
from tests.course_files import CourseFile, course, course_files

SEED = 20
FILES = course_files()


@pytest.fixture(scope="module")
def results() -> dict[str, ExerciseResult]:
    """Every file, graded across the wire."""
    with Engine(course(), course().slugs, Options(seed=SEED)) as engine:
        events = engine.grade([file.job() for file in FILES])
        finished = [event.result for event in events if isinstance(event, ExerciseFinished)]
    return {file.name: result for file, result in zip(FILES, finished, strict=True)}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, dict[str, str]]:
    """Every file, run in one process."""
    script = Path(__file__).with_name("run_in_process.py")
    files = [[str(file.exercise.suite), str(file.path)] for file in FILES]
    run = subprocess.run(
        [sys.executable, str(script), str(SEED)],
        input=json.dumps(files),
        capture_output=True,
        text=True,
        check=True,
    )
    lists = json.loads(run.stdout.splitlines()[-1])
    return {file.name: found for file, found in zip(FILES, lists, strict=True)}


def _brief(result: ExerciseResult) -> dict[str, str]:
    def word(check: CheckResult) -> str:
        if check.outcome is Outcome.SKIPPED or check.message.startswith("Not run: it builds on"):
            return "skipped"
        return "passed" if check.outcome is Outcome.PASSED else "not passed"

    return {check.id: word(check) for check in result.checks}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_outcomes_agree_in_process_and_across_the_wire(
    file: CourseFile, results: dict[str, ExerciseResult], outcomes: dict[str, dict[str, str]]
) -> None:
    assert _brief(results[file.name]) == outcomes[file.name]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_score_is_what_the_folder_says(file: CourseFile, results: dict[str, ExerciseResult]) -> None:
    result = results[file.name]
    match file.kind:
        case "stub":
            assert result.status is Status.NOT_ATTEMPTED
            assert result.score == 0
            assert {c.outcome for c in result.checks} == {Outcome.NOT_IMPLEMENTED}
        case "reference" | "right":
            assert result.status is Status.PASSED, [c for c in result.checks if c.outcome != Outcome.PASSED]
            assert result.score == result.max_score == 10
            assert result.diagnoses == ()
        case "wrong":
            assert result.status is Status.FAILED
            assert result.score < result.max_score
