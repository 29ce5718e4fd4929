"""What is written is read back: untouched, and with the reference solution in the cells."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from grader.course import Course, Exercise
from grader.engine import Engine, ExerciseFinished, Job, Options
from grader.model import ExerciseResult, Outcome, Status
from grader.notebooks.cells import relocate
from grader.notebooks.write import Part, notebooks
from grader.submission import Submission, find, stubs_of, submissions_in

COURSE = Course.load(Path(__file__).parents[2])
STUBS = stubs_of(COURSE, COURSE.slugs)


def solved(raw: bytes) -> bytes:
    """The notebook with the reference solutions in the cells of the stubs, and what students do around them."""
    made = json.loads(raw)
    cells: list[dict[str, Any]] = []
    done: set[str] = set()
    for cell in made["cells"]:
        slug = cell["metadata"].get("grader", {}).get("exercise", "")
        if slug and not cell["id"].endswith("-imports"):
            if slug in done:
                continue
            done.add(slug)
            exercise = COURSE.get(slug)
            assert exercise is not None
            cell["source"] = exercise.solution.read_text("utf-8").splitlines(keepends=True)
        cells += [
            cell,
            {"cell_type": "code", "metadata": {}, "source": "%timeit 1\nprint(X)\nraise ValueError", "outputs": []},
        ]
    made["cells"] = cells
    return json.dumps(made).encode()


def defined(source: str, exercise: Exercise) -> list[str]:
    """The definitions of a source, without what a notebook leaves out."""
    wanted = (ast.ClassDef, ast.FunctionDef)
    return [ast.dump(node) for node in ast.parse(source).body if isinstance(node, wanted)]


@pytest.mark.parametrize("part", Part)
def test_the_answer_defines_what_the_solution_defines(part: Part) -> None:
    found = [one for sheet in notebooks(COURSE, part) for one in submissions_in(solved(sheet.data), sheet.place, STUBS)]
    assert all(isinstance(one, Submission) for one in found)
    answers = [one for one in found if isinstance(one, Submission)]
    assert [one.slug for one in answers] == list(COURSE.slugs)
    for one, exercise in zip(answers, COURSE.exercises, strict=True):
        assert one.source is not None
        assert defined(one.source, exercise) == defined(exercise.solution.read_text("utf-8"), exercise)


def graded(answers: list[Submission]) -> list[ExerciseResult]:
    jobs = [Job(slug=one.slug, file=one.file, sha256=one.sha256, source=one.source) for one in answers]
    with Engine(COURSE, COURSE.slugs, Options(seed=1)) as engine:
        events = [event.result for event in engine.grade(jobs) if isinstance(event, ExerciseFinished)]
    return [relocate(result, one.cells) for result, one in zip(events, answers, strict=True)]


def test_an_untouched_notebook_is_not_started_and_one_with_the_solutions_has_full_marks(tmp_path: Path) -> None:
    (sheet,) = notebooks(COURSE, Part.WHOLE)
    (tmp_path / "fresh").mkdir()
    (tmp_path / "fresh" / "hw.ipynb").write_bytes(sheet.data)
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "hw.ipynb").write_bytes(solved(sheet.data))
    fresh, done = (find(COURSE, [tmp_path / name]).submissions for name in ("fresh", "done"))
    assert [one.slug for one in fresh] == [one.slug for one in done] == list(COURSE.slugs)
    results = graded([*fresh, *done])
    untouched, full = results[: len(fresh)], results[len(fresh) :]
    assert {result.status for result in untouched} == {Status.NOT_ATTEMPTED}
    outcomes = {check.outcome for result in untouched for check in result.checks}
    assert outcomes <= {Outcome.NOT_IMPLEMENTED, Outcome.SKIPPED}
    assert {(result.status, result.problem) for result in full} == {(Status.PASSED, "")}
    # The sentence names the cell in which the stub is: the third of the exercise's four, after a title.
    assert untouched[0].checks[0].message == "Not implemented yet (cell 4, line 4)."


def test_an_error_points_at_the_cell_and_its_line() -> None:
    sheet = next(one for one in notebooks(COURSE) if one.place.stem == "relu")
    made = json.loads(sheet.data)
    made["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "id": "x", "source": "Me"})
    made["cells"][3]["source"] = "%time 1\n\nclass ReLU(Module):\n    def forward(self, X):\n        return helper(X)"
    made["cells"].append({"cell_type": "code", "metadata": {}, "id": "y", "outputs": [], "execution_count": 1,
                          "source": "print(1)\ndef helper(X):\n    # no\n    return X.foo"})  # fmt: skip
    made["cells"].append({"cell_type": "code", "metadata": {}, "id": "z", "outputs": [], "execution_count": 1,
                          "source": "torch.relu = 3"})  # fmt: skip
    answers = submissions_in(json.dumps(made).encode(), Path("mine.ipynb"), STUBS)
    assert isinstance(answers, tuple)
    (result,) = graded(list(answers))
    frames = result.checks[0].frames
    assert [(frame.file, frame.line, frame.function) for frame in frames] == [
        ("mine.ipynb, cell 4", 5, "forward"),
        ("mine.ipynb, cell 6", 4, "helper"),
    ]
    assert frames[-1].first_line == 2
    assert frames[-1].excerpt == ("def helper(X):", "    # no", "    return X.foo")
