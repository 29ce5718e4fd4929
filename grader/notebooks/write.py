"""Write the notebooks that students get, from the stubs: statement, imports, what to fill in, and the check.

Only `exercises/` is read. The same stubs give the same bytes: ids of cells come from the slug and what the cell is for.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from grader.course import Course, Exercise
from grader.notebooks.belonging import TAG
from grader.notebooks.statement import markdown

ID_MAX_CHARS = 64
WHOLE = "exercises"

_CHECK = """\
# Save the notebook first: what is graded is the file. If you rename it, change the name here too.
import sys

!"{{sys.executable}}" -m grader {file} --exercise {slug}
"""
_HOW = (
    "Write your code in the cells below, in place of each `raise NotImplementedError`, and keep these cells: they are "
    "what is handed in. Cells of your own are welcome anywhere. The last cell checks your work where the tests of this "
    "course are installed; where they are not, it says so, and your work is graded when you hand it in."
)


class Part(Enum):
    """How much goes into one notebook."""

    EXERCISE = "exercise"
    CHAPTER = "chapter"
    WHOLE = "whole"


class StubError(Exception):
    """A stub can't be made into a notebook. The text is one line: which, why, what to do."""


class Sheet(msgspec.Struct, frozen=True):
    """One notebook: its place below the folder that is written to, and its bytes."""

    place: Path
    data: bytes


def notebooks(course: Course, part: Part = Part.EXERCISE) -> list[Sheet]:
    """The student notebooks of a course, in course order. Raises StubError.

    Those of single exercises lie in folders as the stubs do: `02_autograd/matmul.ipynb`.
    """
    groups: dict[Path, list[Exercise]] = {}
    for exercise in course.exercises:
        place = {
            Part.EXERCISE: Path(exercise.chapter, exercise.slug),
            Part.CHAPTER: Path(exercise.chapter),
            Part.WHOLE: Path(WHOLE),
        }[part]
        groups.setdefault(place.with_name(f"{place.name}.ipynb"), []).append(exercise)
    return [Sheet(place, _notebook(place.name, exercises, part)) for place, exercises in groups.items()]


def _notebook(file: str, exercises: Sequence[Exercise], part: Part) -> bytes:
    import nbformat
    from nbformat import v4

    cells: list[Any] = []
    if part is not Part.EXERCISE:
        title = _spaced(exercises[0].chapter) if part is Part.CHAPTER else "Exercises"
        cells.append(v4.new_markdown_cell(f"# {title}\n\n{_HOW}", id=cell_id("notebook", "title")))  # type: ignore[no-untyped-call]
    for exercise in exercises:
        cells += _cells(file, exercise, alone=part is Part.EXERCISE)
    made = v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=cells,
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
    )
    made["nbformat"], made["nbformat_minor"] = 4, 5
    nbformat.validate(made)
    text: str = nbformat.writes(made)  # type: ignore[no-untyped-call]
    return f"{text.rstrip()}\n".encode()


def _cells(file: str, exercise: Exercise, *, alone: bool) -> list[Any]:
    from nbformat import v4

    slug = exercise.slug
    title, statement, imports, parts = _taken_apart(exercise)
    heading = f"{'#' if alone else '##'} {title}"
    how = f"\n\n{_HOW}" if alone else ""
    cells = [v4.new_markdown_cell(f"{heading}\n\n{statement}{how}", id=cell_id(slug, "statement"))]  # type: ignore[no-untyped-call]
    code = [("imports", imports)] if imports else []
    for role, source in (*code, *parts):
        metadata = {"grader": {"exercise": slug}, "tags": [f"{TAG}{slug}"]}
        cells.append(v4.new_code_cell(source, id=cell_id(slug, role), metadata=metadata))  # type: ignore[no-untyped-call]
    check = _CHECK.format(file=f'"{file}"', slug=slug).rstrip("\n")
    metadata = {"grader": {"check": slug}, "tags": ["check"]}
    cells.append(v4.new_code_cell(check, id=cell_id(slug, "check"), metadata=metadata))  # type: ignore[no-untyped-call]
    return cells


def cell_id(slug: str, role: str) -> str:
    """The id of a cell: letters, digits, - and _, at most 64 of them, the same every time."""
    plain = f"{slug}-{role}"
    if len(plain) <= ID_MAX_CHARS and plain.isascii():
        return plain
    digest = hashlib.sha256(plain.encode()).hexdigest()[:16]
    return f"{slug[:40]}-{digest}"


def _taken_apart(exercise: Exercise) -> tuple[str, str, str, list[tuple[str, str]]]:
    """Title, statement and imports of a stub, and the source of each of its parts by the name that it defines."""
    place = f"{exercise.chapter}/{exercise.slug}.py"
    try:
        source = exercise.stub.read_text("utf-8")
        tree = ast.parse(source)
    except (OSError, ValueError, SyntaxError, RecursionError) as error:
        raise StubError(f"the stub {place} can't be read ({error}); see grade check {exercise.slug}") from error
    docstring = ast.get_docstring(tree, clean=False)
    title, statement = markdown(docstring) if docstring else (_spaced(exercise.slug), "")
    lines = source.split("\n")
    body = tree.body[1:] if docstring is not None else tree.body
    end = (tree.body[0].end_lineno or 0) if docstring is not None else 0
    imports: list[str] = []
    parts: list[tuple[str, str]] = []
    waiting: list[str] = []  # constants stand with what follows them
    for node in body:
        text = "\n".join(lines[end : node.end_lineno]).strip("\n")
        end = node.end_lineno or end
        if isinstance(node, (ast.Import, ast.ImportFrom)) and not parts and not waiting:
            imports.append(text)
            continue
        waiting.append(text)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            parts.append((_role(node.name, parts), "\n\n".join(waiting)))
            waiting = []
    rest = "\n\n".join(filter(None, [*waiting, "\n".join(lines[end:]).strip("\n")]))
    if rest:
        parts.append((_role("rest", parts), rest))
    return title, statement, "\n".join(imports), parts


def _role(name: str, parts: Sequence[tuple[str, str]]) -> str:
    taken = {role for role, _ in parts} | {"statement", "imports", "check"}
    number, role = 1, name
    while role in taken:
        number += 1
        role = f"{name}-{number}"
    return role


def _spaced(name: str) -> str:
    return name.lstrip("0123456789_").replace("_", " ").capitalize() or name
