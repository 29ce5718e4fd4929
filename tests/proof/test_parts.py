"""What the phases of `grade check` are made of: interfaces, null submissions, and the search for what is hidden."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from grader.course import Course
from grader.model import CheckResult, ExerciseResult, Frame, Outcome, Status, SubmissionFile
from grader.proof.interface import differences
from grader.proof.leaks import Hidden
from grader.proof.null import ALLOWED, nulls

COURSE = Course.load(Path(__file__).parent.parent / "courses" / "check_clean")
(CLEAN,) = COURSE.exercises


def test_annotations_and_private_helpers_are_no_difference() -> None:
    stub = "def f(X: Tensor, n: int = 2) -> Tensor: ...\nclass A:\n    def g(self): ...\n"
    solution = "def _help(): ...\ndef f(X, n=2): ...\nclass A:\n    def _h(self): ...\n    def g(self): ...\n"
    assert differences(stub, solution) == []


def test_a_method_that_only_one_has_is_a_difference() -> None:
    with_init = "class A:\n    def __init__(self, n): ...\n"
    without = "class A:\n    pass\n"
    [(in_stub, line, text)] = differences(without, with_init)
    assert (in_stub, line) == (False, 2)
    assert text.startswith("A.__init__ is not in the stub")
    [(in_stub, _, text)] = differences(with_init, without)
    assert not in_stub
    assert text.startswith("A.__init__ of the stub is missing in the solution")


STUB = '''"""Statement."""

from __future__ import annotations

from torch.nn import Module


class ReLU(Module):
    def __init__(self, slope=0.0):
        raise NotImplementedError

    def forward(self, X):
        raise NotImplementedError


def step(X, *more, rate):
    raise NotImplementedError
'''


def test_null_submissions_keep_the_interface_of_the_stub() -> None:
    made = nulls(STUB, ["torch.nn.ReLU", "torch.nn.functional.relu"], forbidden_costs_all=True)
    zeros = next(one for one in made if one.name == "one that returns zeros")
    assert differences(STUB, zeros.source) == []
    assert "super().__init__()" in zeros.source
    assert "return _null(X)" in zeros.source
    assert "return _null(X, *more, rate)" in zeros.source
    for one in made:
        compile(one.source, one.name, "exec")


def test_ready_made_versions_get_nothing_where_they_are_forbidden_and_half_at_most_where_not() -> None:
    names = ["torch.nn.ReLU", "torch.Tensor.relu"]
    allowed = {one.name: one.allowed for one in nulls(STUB, names, forbidden_costs_all=True)}
    assert allowed["torch.nn.ReLU in place of ReLU"] == 0.0
    assert allowed["torch.optim.ReLU in place of ReLU"] == ALLOWED
    assert allowed["an empty file"] == 0.0
    assert not any("torch.Tensor" in name for name in allowed)
    flagged = {one.name for one in nulls(STUB, names, forbidden_costs_all=False)}
    assert "torch.nn.ReLU in place of ReLU" not in flagged


SOURCE = "def double(X):\n    return 3 * X  # my own line\n"
CHECK = CheckResult(id="test_values", title="title", outcome=Outcome.FAILED, score=0, max_score=1)


def result(**changes: object) -> ExerciseResult:
    return ExerciseResult(
        slug="clean",
        title="Clean",
        chapter="01_first",
        status=Status.FAILED,
        score=0,
        max_score=1,
        submission=SubmissionFile(file="clean.py", sha256=""),
        checks=(msgspec.structs.replace(CHECK, **changes),),
    )


@pytest.mark.parametrize("field", ["title", "message", "hint", "call", "got", "expected", "output"])
def test_a_line_of_the_suite_is_found_in_every_text_of_a_check(field: str) -> None:
    text = "Error in\n    result = submission.double(X)\nand so on"
    [(check, file, line, what)] = Hidden(COURSE, CLEAN).shown(result(**{field: text}), SOURCE)
    assert (check, file) == ("test_values", "solutions/01_first/clean/test_clean.py")
    assert CLEAN.suite.read_text("utf-8").splitlines()[line - 1].strip() in text
    assert "result = submission.double(X)" in what


@pytest.mark.parametrize("text", [str(COURSE.root), "in test_clean.py", "see solutions/", "solutions/01_first/clean"])
def test_places_of_the_course_are_found(text: str) -> None:
    [(_, _, _, what)] = Hidden(COURSE, CLEAN).shown(result(message=f"File {text}, line 3"), SOURCE)
    assert what.startswith("the path ")


def test_titles_and_the_students_own_lines_are_no_secret() -> None:
    hidden = Hidden(COURSE, CLEAN)
    own = Frame(file="clean.py", line=2, function="double", first_line=1, excerpt=tuple(SOURCE.splitlines()))
    assert hidden.shown(result(title="each element is doubled, and X stays as it was", frames=(own,)), SOURCE) == []
    echo = "import torch\nresult = submission.double(X)\n"
    assert hidden.shown(result(message="result = submission.double(X)"), echo) == []


def test_an_excerpt_with_lines_of_another_file_is_found() -> None:
    other = Frame(file="clean.py", line=1, function="f", first_line=1, excerpt=("expected = X + X",))
    [(_, _, _, what)] = Hidden(COURSE, CLEAN).shown(result(frames=(other,)), SOURCE)
    assert what.endswith("which is not the student's")
