"""The course, as text: what every exercise of this one has beyond what `grade check` asks of any course.

Nothing of it is imported or run here. That the files do what they say, tests/proof/test_this_course.py proves.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from grader import forbidden
from grader.course import Course, Exercise

ROOT = Path(__file__).resolve().parent.parent
COURSE = Course.load(ROOT)
POINTS = 10
CHECKS = range(6, 11)
HINT_SENTENCES = range(1, 4)

each_exercise = pytest.mark.parametrize("exercise", COURSE.exercises, ids=lambda exercise: exercise.slug)


def kept(exercise: Exercise, kind: str) -> list[Path]:
    """The files in `wrong/` or `right/` of an exercise."""
    return sorted((exercise.suite.parent / kind).glob("*.py"))


def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def checks(exercise: Exercise) -> list[ast.FunctionDef]:
    """The check functions of a suite, in order."""
    body = tree(exercise.suite).body
    return [node for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def marks(check: ast.FunctionDef) -> dict[str, ast.Call]:
    """The markers of a check by name, as calls: the value of `@pytest.mark.points(2)` is `points(2)`."""
    found = {}
    for decorator in check.decorator_list:
        assert isinstance(decorator, ast.Call), f"{check.name}: a marker without arguments"
        assert isinstance(decorator.func, ast.Attribute)
        found[decorator.func.attr] = decorator
    return found


def test_the_course_has_no_problems() -> None:
    assert COURSE.problems == ()
    assert COURSE.slugs == ("matmul", "linear", "relu", "sequential", "cross_entropy", "sgd", "device")


@each_exercise
def test_metadata_says_what_a_student_and_the_next_author_need(exercise: Exercise) -> None:
    metadata = tomllib.loads((exercise.suite.parent / "exercise.toml").read_text(encoding="utf-8"))
    assert {"title", "concepts", "prerequisites", "hints"} <= set(metadata)
    assert len(exercise.hints) == 3
    assert set(exercise.prerequisites) <= set(COURSE.slugs[: COURSE.slugs.index(exercise.slug)])


@each_exercise
def test_there_are_enough_wrong_and_right_submissions(exercise: Exercise) -> None:
    assert len(kept(exercise, "wrong")) >= 5
    assert len(kept(exercise, "right")) >= 3


@each_exercise
def test_the_hint_of_a_wrong_submission_is_a_question_of_few_sentences(exercise: Exercise) -> None:
    seen: dict[str, str] = {}
    for path in kept(exercise, "wrong"):
        hint = ast.get_docstring(tree(path)) or ""
        assert "?" in hint, f"{path.name}: the docstring asks nothing"
        assert len(re.findall(r"[.?!](?=\s|$)", hint)) in HINT_SENTENCES, path.name
        assert len(hint) < 400, path.name
        assert hint not in seen, f"{path.name} has the hint of {seen.get(hint)}"
        seen[hint] = path.name


@each_exercise
def test_the_docstring_of_a_right_submission_says_how_it_differs(exercise: Exercise) -> None:
    for path in kept(exercise, "right"):
        assert ast.get_docstring(tree(path)), path.name


@each_exercise
def test_every_function_of_the_stub_only_says_that_it_is_not_implemented(exercise: Exercise) -> None:
    functions = [node for node in ast.walk(tree(exercise.stub)) if isinstance(node, ast.FunctionDef)]
    assert functions
    for function in functions:
        assert [ast.unparse(line) for line in function.body] == ["raise NotImplementedError"], function.name


@each_exercise
def test_the_statement_fits_on_a_screen(exercise: Exercise) -> None:
    source = exercise.stub.read_text(encoding="utf-8")
    statement = ast.get_docstring(ast.parse(source)) or ""
    assert "What is graded" in statement
    assert len(statement.splitlines()) <= 30
    assert len(source.splitlines()) <= 40


@each_exercise
def test_no_wrong_submission_loses_its_points_for_what_is_forbidden(exercise: Exercise) -> None:
    names, instead = exercise.forbidden.names, exercise.forbidden.instead
    required = forbidden.public_names(exercise.stub.read_text(encoding="utf-8"))
    for path in (exercise.stub, *kept(exercise, "wrong")):
        source = path.read_text(encoding="utf-8")
        assert forbidden.findings(source, names, instead, required=required) == [], path.name


READY_MADE = {
    "matmul": (
        "dX, dY = torch.autograd.grad(X @ Y, (X, Y), grad)",
        "(X @ Y).backward(grad)",
        "_, pull = torch.func.vjp(torch.matmul, X, Y)",
    ),
    "linear": ("class Linear(nn.Linear): ...", "F.linear(X, W, b)", "torch._C._nn.linear(X, W)"),
    "relu": ("torch.relu(X)", "X.relu_()", "F.relu(X)", "class ReLU(nn.ReLU): ...", "F.leaky_relu(X, 0.0)"),
    "sequential": ("class Sequential(nn.Sequential): ...", "nn.Sequential(*layers)"),
    "cross_entropy": ("F.cross_entropy(H, Y)", "nn.NLLLoss()(logP, Y)", "F.nll_loss(logP, Y)"),
    "sgd": ("class SGD(torch.optim.SGD): ...", "from torch.optim import SGD", "torch.optim.Adam([X])"),
}
IMPORTS = "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"


@pytest.mark.parametrize(("slug", "line"), [(slug, line) for slug, lines in READY_MADE.items() for line in lines])
def test_the_ready_made_versions_are_forbidden(slug: str, line: str) -> None:
    exercise = COURSE.get(slug)
    assert exercise is not None
    [finding] = forbidden.findings(IMPORTS + line + "\n", exercise.forbidden.names, exercise.forbidden.instead)
    assert finding.line == 4
    assert exercise.forbidden.instead in finding.text


PIECES = {
    "relu": ("torch.maximum(X, zero)", "X.clamp(min=0)", "torch.where(X > 0, X, zero)"),
    "linear": ("torch.addmm(b, X, W)", "torch.nn.init.normal_(W)", "torch.einsum('bi,io->bo', X, W)"),
    "matmul": ("torch.matmul(X, Y)", "torch.autograd.gradcheck(f, (X, Y))"),
    "cross_entropy": ("torch.logsumexp(H, 1)", "F.log_softmax(H, 1)", "H.softmax(1)"),
    "sequential": ("nn.ModuleList(layers)", "nn.ModuleDict()"),
    "sgd": ("p.data.add_(p.grad, alpha=-1)", "torch.no_grad()"),
}


@pytest.mark.parametrize(("slug", "line"), [(slug, line) for slug, lines in PIECES.items() for line in lines])
def test_the_pieces_are_allowed(slug: str, line: str) -> None:
    exercise = COURSE.get(slug)
    assert exercise is not None
    assert forbidden.findings(IMPORTS + line + "\n", exercise.forbidden.names) == []


@each_exercise
def test_the_checks_are_worth_ten_points(exercise: Exercise) -> None:
    assert len(checks(exercise)) in CHECKS
    points = [ast.literal_eval(marks(check)["points"].args[0]) for check in checks(exercise)]
    assert all(worth > 0 for worth in points)
    assert sum(points) == POINTS


@each_exercise
def test_every_check_has_a_title_of_one_line_and_a_hint(exercise: Exercise) -> None:
    for check in checks(exercise):
        title = ast.get_docstring(check) or ""
        assert title, check.name
        assert len(title) <= 100, check.name
        assert "\n" not in title, check.name
        hint = marks(check)["hint"].args[0]
        assert isinstance(ast.literal_eval(hint), str), check.name


@each_exercise
def test_a_suite_imports_neither_solutions_nor_optimizers(exercise: Exercise) -> None:
    imported: set[str] = set()
    for node in ast.walk(tree(exercise.suite)):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported |= {f"{node.module}.{name.name}" for name in node.names}
    allowed = {"math", "pytest", "torch", "torch.nn", "torch.nn.functional", "torch.nn.Parameter"}
    assert {name for name in imported if not name.startswith("grader.suite.")} <= allowed


@each_exercise
def test_no_text_for_students_names_the_hidden_tree(exercise: Exercise) -> None:
    for path in (exercise.stub, *kept(exercise, "wrong")):
        statement = ast.get_docstring(tree(path)) or ""
        for word in ("solutions/", "test_", "/wrong", "/right", "submission"):
            assert word not in statement, f"{path.name}: {word}"
