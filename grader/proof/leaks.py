"""Whether anything that a student reads shows what is hidden: lines of the suite or the solution, where they are, or
their numbers. The judge looks for the elements of tensors, which it alone has; here are the constants of the source.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.course import SOLUTIONS, Course, Exercise
from grader.judge.digits import telling, written
from grader.model import CheckResult, ExerciseResult
from grader.proof.source import clean

# Shorter lines (`else:`, `X = X + 1`) are in any text by chance.
SHORTEST = 16
_CODE = re.compile(r"[(=\[]")


class Hidden:
    """What must not be shown of an exercise."""

    def __init__(self, course: Course, exercise: Exercise) -> None:
        self._exercise = exercise
        self._lines: dict[str, tuple[str, int]] = {}
        for path in (exercise.solution, exercise.suite):
            for number, line in _code(path.read_text("utf-8")):
                self._lines[line] = (path.relative_to(course.root).as_posix(), number)
        self._public = {one.value for one in written(exercise.stub.read_text("utf-8"))}
        self._constants: dict[float, tuple[str, int]] = {}
        for path in (exercise.solution, exercise.suite):
            for number, value in _constants(path.read_text("utf-8")):
                if value not in self._public:
                    self._constants[value] = (path.relative_to(course.root).as_posix(), number)
        folder = exercise.suite.parent.relative_to(course.root).as_posix()
        self._places = (str(course.root), folder, f"{SOLUTIONS}/", exercise.suite.name)

    def shown(self, result: ExerciseResult, source: str) -> list[tuple[str, str, int, str]]:
        """What `result` shows a student whose file is `source`: the check, the file and line that it is of, and what.

        The student's own lines are no secret, even where the solution has the same.
        """
        own = {line.strip() for line in source.splitlines()}
        found = []
        for check, text in texts(result):
            for place in self._places:
                if place in text and place not in source:
                    found.append((check, "", 0, f"the path {place}"))
                    break
            for line, (file, number) in self._lines.items():
                if line in text and line not in source:
                    found.append((check, file, number, f"the line `{line}`"))
                    break
            for one in telling(text)[0]:
                if one.value in self._constants and one.text not in source:
                    file, number = self._constants[one.value]
                    found.append((check, file, number, f"the number {one.text}"))
        for done in result.checks:
            for frame in done.frames:
                for line in frame.excerpt:
                    if line.strip() and line.strip() not in own:
                        found.append((done.id, "", 0, f"the line `{line.strip()}`, which is not the student's"))
        return found

    def is_public(self, number: str) -> bool:
        """Whether all the numbers of a text are in the statement too."""
        return all(one.value in self._public for one in written(number))


def texts(result: ExerciseResult) -> Iterator[tuple[str, str]]:
    """All that a student reads of a result but their own lines, with the check that it is about."""
    yield "", result.problem
    for check in result.checks:
        for text in _of(check):
            if text:
                yield check.id, text
    for diagnosis in result.diagnoses:
        yield diagnosis.check, f"{diagnosis.name}\n{diagnosis.text}"


def _of(check: CheckResult) -> tuple[str, ...]:
    figure = (check.figure.label, check.figure.text) if check.figure is not None else ()
    return (check.title, check.message, check.hint, check.call, check.got, check.expected, check.output, *figure)


def _constants(source: str) -> Iterator[tuple[int, float]]:
    """The numbers with a point in a source, absolute, with their lines."""
    for node in ast.walk(ast.parse(clean(source))):
        if isinstance(node, ast.Constant) and type(node.value) is float:
            yield node.lineno, abs(node.value)


def _code(source: str) -> Iterator[tuple[int, str]]:
    """The lines of a source that are code and long enough to be known again, with their numbers."""
    source = clean(source)
    texts: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            # Titles, hints and messages are there to be read.
            start, end = node.lineno, node.end_lineno or node.lineno
            texts.update(range(start + 1, end) if end > start else ())
    for number, line in enumerate(source.split("\n"), 1):
        text = line.strip()
        if number not in texts and len(text) >= SHORTEST and _CODE.search(text) and not text.startswith("#"):
            yield number, text
