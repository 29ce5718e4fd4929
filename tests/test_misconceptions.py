"""A mistake is recognised however it is written, and nothing else is taken for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import Course
from grader.engine import Engine, ExerciseFinished, Job, Options
from grader.model import Diagnosis, DiagnosisKind
from tests.course_files import ROOT

COURSE = Course.load(ROOT)
WRONG = [(e.slug, path) for e in COURSE.exercises for path in sorted(e.solution.parent.glob("wrong/*.py"))]
RIGHT = [(e.slug, path) for e in COURSE.exercises for path in sorted(e.solution.parent.glob("right/*.py"))]
# Answers of these are the same as those of another wrong file in every failing check, so neither is named.
ALIKE = {
    ("relu", "detached"),
    ("relu", "through_numpy"),
    ("cross_entropy", "log_of_softmax"),
    ("cross_entropy", "one_hot_times_log"),
    ("sgd", "copies_updated"),
    ("sgd", "list_entries_replaced"),
    ("sgd", "rebinds_a_name"),
    ("device", "buffers_left_behind"),
    ("device", "cuda_hard_coded"),
    ("device", "is_available_not_called"),
    ("device", "own_parameters_only"),
    ("device", "parameters_rebound"),
}
# Rewritten, these answer otherwise: one raises an exception that names a variable or a class of the file.
SHARE_REWRITTEN = 0.95


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(COURSE, COURSE.slugs, Options(seed=8)) as started:
        yield started


def mistakes(engine: Engine, slug: str, source: str) -> list[Diagnosis]:
    job = Job(slug=slug, file=f"{slug}.py", sha256="", source=source)
    (finished,) = [event for event in engine.grade([job]) if isinstance(event, ExerciseFinished)]
    return [one for one in finished.result.diagnoses if one.kind is DiagnosisKind.MISCONCEPTION]


class Rewriter(ast.NodeTransformer):
    """The same program in other words: local names, the order of commutative operands, methods for operators."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        # Names of arguments stay: the suite may use them as keywords.
        arguments = {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
        arguments |= {a.arg for a in (node.args.vararg, node.args.kwarg) if a is not None}
        outer = {n for one in ast.walk(node) if isinstance(one, (ast.Global, ast.Nonlocal)) for n in one.names}
        inner = {one.name for one in ast.walk(node) if isinstance(one, ast.FunctionDef)}
        stored = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        renamed = stored - arguments - outer - inner
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and one.id in renamed:
                one.id = f"my_{one.id}"
        self.generic_visit(node)
        unused = ast.parse("nothing_at_all = 1 + 1").body
        first = 1 if ast.get_docstring(node) is not None else 0
        node.body = [*node.body[:first], *unused, *node.body[first:]]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.MatMult):
            function = ast.Attribute(ast.Name("torch_again", ast.Load()), "matmul", ast.Load())
            return ast.Call(function, [node.left, node.right], [])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr == "T" and isinstance(node.ctx, ast.Load):
            method = ast.Attribute(node.value, "t", ast.Load())
            return ast.Call(method, [], [])
        return node


def rewritten(source: str) -> str:
    tree = ast.parse(source)
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:]
    tree = Rewriter().visit(tree)
    futures = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    tree.body = [*futures, *ast.parse("import torch as torch_again").body, *[n for n in tree.body if n not in futures]]
    return ast.unparse(ast.fix_missing_locations(tree))


def test_each_wrong_file_is_recognised_or_has_a_double(engine: Engine) -> None:
    found = {(slug, path.stem): mistakes(engine, slug, path.read_text()) for slug, path in WRONG}
    assert {place for place, named in found.items() if not named} == ALIKE
    for (slug, name), named in found.items():
        if named:
            (mistake,) = named
            assert mistake.name == name, slug
            assert len(mistake.text) > 20
            assert mistake.check.startswith("test_")


def test_a_mistake_in_other_words_is_still_that_mistake(engine: Engine) -> None:
    recognised, others, mixed_up = 0, [], []
    for slug, path in WRONG:
        if (slug, path.stem) in ALIKE:
            continue
        source = rewritten(path.read_text())
        assert "my_" in source or "nothing_at_all" in source
        named = mistakes(engine, slug, source)
        if not named:
            others.append((slug, path.stem))
        elif named[0].name != path.stem:
            mixed_up.append((slug, path.stem, named[0].name))
        else:
            recognised += 1
    assert mixed_up == []
    assert recognised / (recognised + len(others)) >= SHARE_REWRITTEN, others


@pytest.mark.parametrize(("slug", "path"), RIGHT, ids=[f"{slug}-{path.stem}" for slug, path in RIGHT])
def test_right_solutions_make_no_mistake(engine: Engine, slug: str, path: Path) -> None:
    assert mistakes(engine, slug, path.read_text()) == []


def test_something_else_that_is_wrong_is_not_given_a_name(engine: Engine) -> None:
    matmul = COURSE.get("matmul")
    assert matmul is not None
    source = matmul.solution.read_text()
    for change in (" * 1.37", " + 0.25", ".abs()", ".flip(0)"):
        changed = source.replace("grad @ Y.T", f"(grad @ Y.T){change}", 1)
        assert changed != source
        assert mistakes(engine, "matmul", changed) == []
