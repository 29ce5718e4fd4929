"""How well misconceptions are recognised: each wrong file, as it is and written in other words.

    python -m tests.misconceptions

writes docs/misconceptions.md; a test compares it with what it would be.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from grader.course import Course
from grader.engine import Engine, ExerciseFinished, Job, Options
from grader.model import Diagnosis, DiagnosisKind
from tests.course_files import ROOT

COURSE = Course.load(ROOT)
WRONG = [(e.slug, path) for e in COURSE.exercises for path in sorted(e.solution.parent.glob("wrong/*.py"))]
RIGHT = [(e.slug, path) for e in COURSE.exercises for path in sorted(e.solution.parent.glob("right/*.py"))]
PAGE = ROOT / "docs" / "misconceptions.md"
SEED = 8


class Recognised(NamedTuple):
    """What was said to one wrong file."""

    slug: str
    name: str
    as_it_is: list[Diagnosis]
    in_other_words: list[Diagnosis]


def mistakes(engine: Engine, slug: str, source: str) -> list[Diagnosis]:
    """The misconceptions that a submission is told of."""
    job = Job(slug=slug, file=f"{slug}.py", sha256="", source=source)
    (finished,) = [event for event in engine.grade([job]) if isinstance(event, ExerciseFinished)]
    return [one for one in finished.result.diagnoses if one.kind is DiagnosisKind.MISCONCEPTION]


def recognised(engine: Engine, files: Sequence[tuple[str, Path]]) -> list[Recognised]:
    """Grade each file as it is and rewritten."""
    found = []
    for slug, path in files:
        source, other = path.read_text("utf-8"), rewritten(path.read_text("utf-8"))
        assert "my_" in other or "nothing_at_all" in other
        found.append(Recognised(slug, path.stem, mistakes(engine, slug, source), mistakes(engine, slug, other)))
    return found


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


_TEXT = """# How well misconceptions are recognised

This page is written by `python -m tests.misconceptions`, and a test holds it against the course.

A failing submission that answers every check as one of the `wrong/` files does is told that file's hint. Here each
wrong file was graded twice: as it is, and written in other words (local variables renamed, an unused one added,
functions for operators, methods for attributes). *by its name* means that its own hint was given. *left open* means
that none was: it answers as another wrong file does, and where two fit neither is named. No file was taken for another
one.

Right files are right: of the {right} in the course none was told of a mistake.

{table}

## Each wrong file

{files}"""


def page(found: Sequence[Recognised], right: int) -> str:
    """The text of docs/misconceptions.md."""
    rows = [("exercise", "wrong files", "recognised", "recognised in other words"), ("---",) * 4]
    for slug in COURSE.slugs:
        rows.append((slug, *_counts([one for one in found if one.slug == slug])))
    rows.append(("all", *_counts(found)))
    files = [("exercise", "wrong file", "as it is", "in other words"), ("---",) * 4]
    files += [(one.slug, f"`{one.name}`", _word(one.as_it_is), _word(one.in_other_words)) for one in found]
    return _TEXT.format(right=right, table="\n".join(_lines(rows)), files="\n".join(_lines(files))) + "\n"


def _counts(found: Sequence[Recognised]) -> tuple[str, str, str]:
    as_it_is, other = sum(bool(one.as_it_is) for one in found), sum(bool(one.in_other_words) for one in found)
    return str(len(found)), str(as_it_is), str(other)


def _word(named: list[Diagnosis]) -> str:
    return "by its name" if named else "left open"


def _lines(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    return (f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Write the page."""
    with Engine(COURSE, COURSE.slugs, Options(seed=SEED)) as engine:
        found = recognised(engine, WRONG)
        taken = [one for one in found for named in (*one.as_it_is, *one.in_other_words) if named.name != one.name]
        assert not taken, taken
        assert not any(mistakes(engine, slug, path.read_text("utf-8")) for slug, path in RIGHT)
    PAGE.write_text(page(found, len(RIGHT)), "utf-8")


if __name__ == "__main__":
    main()
