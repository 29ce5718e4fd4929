"""A copy of a course in which no check waits for another.

A check that depends on a failed one is skipped, which spares students a second red line and hides what the check would
have found. To know what each check finds by itself, the `depends` markers go.
"""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

from grader.course import EXERCISES, SOLUTIONS, Course
from grader.proof.source import Edit, Source, apply, clean, parse

_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "node_modules")


def independent(course: Course, folder: Path) -> Course:
    """Copy `course` into `folder`, without the `depends` markers of its suites; `folder` need not exist.

    A suite that doesn't parse is copied as it is. Raises `CourseError` where the copy is no course, and OSError.
    """
    copied = copy(course, folder)
    for exercise in copied.exercises:
        exercise.suite.write_text(without_depends(exercise.suite.read_text("utf-8")), "utf-8")
    return copied


def copy(course: Course, folder: Path) -> Course:
    """Copy `course` into `folder` as it is. Raises as `independent` does."""
    for tree in (EXERCISES, SOLUTIONS):
        shutil.copytree(course.root / tree, folder / tree, ignore=_LEFT_OUT)
    for shared in course.root.glob("conftest.py"):
        shutil.copy(shared, folder)
    return Course.load(folder)


def depends(suite: str) -> dict[str, tuple[str, ...]]:
    """What each check of a suite depends on, by name, read from the text: texts, and `*NAMES` of a tuple of texts.

    Empty for a suite that doesn't parse. Names may be there that the suite has no check for.
    """
    tree = parse(clean(suite))
    found: dict[str, tuple[str, ...]] = {}
    named: dict[str, tuple[str, ...]] = {}
    for node in tree.body if tree is not None else ():
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Tuple() | ast.List() as value):
                named[name] = _texts(value.elts, named)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith("test"):
                calls = [one for one in node.decorator_list if isinstance(one, ast.Call) and _is_depends(one)]
                found[name] = tuple(text for one in calls for text in _texts(one.args, named))
    return found


def _texts(elements: list[ast.expr], named: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    texts: list[str] = []
    for element in elements:
        match element:
            case ast.Constant(value=str(text)):
                texts.append(text)
            case ast.Starred(value=ast.Name(id=name)):
                texts += named.get(name, ())
    return tuple(texts)


def _is_depends(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr == "depends"


def without_depends(suite: str) -> str:
    """The text of a suite without its `depends` markers; the lines keep their numbers."""
    suite = clean(suite)
    tree = parse(suite)
    if tree is None:
        return suite
    text = Source(suite, tree)
    edits = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and _is_depends(decorator):
                    start, end = text.span(decorator)
                    lines = "\n" * suite.count("\n", start, end)
                    edits.append(Edit(suite.rindex("@", 0, start), end, lines))
    return apply(suite, edits)
