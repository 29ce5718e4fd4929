"""The first phase: what the files of an exercise must say, read as text. Nothing of them runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from grader.course import EXERCISES, METADATA, SOLUTIONS, Course, Exercise
from grader.proof.findings import Finding, Phase
from grader.proof.independent import depends
from grader.proof.source import Function, clean

# What `grade new` writes in front of everything that the author is to replace.
MARK = "AUTHOR:"
KINDS = ("right", "wrong")


def structure(course: Course, exercise: Exercise) -> list[Finding]:
    """What is missing or left over in the files of an exercise, the first to mend first."""
    found = _Findings(course, exercise.slug)
    files = [exercise.stub, exercise.suite.parent / METADATA, exercise.solution, exercise.suite]
    for kind in KINDS:
        kept = sorted((exercise.suite.parent / kind).glob("*.py"))
        files += kept
        if not kept:
            found.add(
                exercise.suite.parent / kind,
                f"there is no file in {kind}/; "
                + (
                    "add the mistake that you expect most, with a docstring that asks the student about it"
                    if kind == "wrong"
                    else "add the solution written in another way, so that the suite does not insist on yours"
                ),
            )
    trees: dict[Path, ast.Module] = {}
    for path in files:
        found.extend(_template(found, path))
        if path.suffix == ".py":
            tree = _parsed(found, path)
            if tree is not None:
                trees[path] = tree
    found.extend(_metadata(found, exercise))
    if exercise.stub in trees and not ast.get_docstring(trees[exercise.stub]):
        found.add(exercise.stub, "the stub has no docstring; say in it what to write, and what is graded", 1)
    if exercise.suite in trees:
        found.extend(_suite(found, exercise, trees[exercise.suite]))
    return found.all


def of_the_course(course: Course) -> list[Finding]:
    """What is wrong with the course as a whole, and with none of its exercises."""
    known = {*course.slugs, *course.broken}
    found = [("", line) for line in course.problems if not any(is_about(line, slug) for slug in known)]
    for stub in sorted((course.root / EXERCISES).glob("*/*.py")):
        if stub.stem not in known:
            place = f"{SOLUTIONS}/{stub.parent.name}/{stub.stem}"
            text = f"there is no {place}/, so that nobody can grade it; add solution and suite, or take the stub away"
            found.append((stub.relative_to(course.root).as_posix(), text))
    if not known and not found:
        found.append(("", "there is no exercise yet; start one: grade new SLUG --chapter NAME"))
    return [Finding(exercise="", phase=Phase.STRUCTURE, file=file, text=text) for file, text in found]


def broken(course: Course, slug: str) -> list[Finding]:
    """The findings of an exercise that can't be loaded: the lines of the course about it."""
    found = _Findings(course, slug)
    for line in course.problems:
        if is_about(line, slug):
            found.line(line)
    return found.all


def is_about(problem: str, slug: str) -> bool:
    """Whether a line of `Course.problems` is about that exercise."""
    word = re.escape(slug)
    return re.match(rf"(exercises|solutions)/[^/]+/{word}([/.:]|$)", problem) is not None or problem.startswith(
        f"the slug {slug} "
    )


class _Findings:
    def __init__(self, course: Course, slug: str) -> None:
        self.course, self.slug = course, slug
        self.all: list[Finding] = []

    def make(self, path: Path, text: str, line: int = 0) -> Finding:
        shown = path.relative_to(self.course.root).as_posix()
        return Finding(exercise=self.slug, phase=Phase.STRUCTURE, file=shown, line=line, text=text)

    def add(self, path: Path, text: str, line: int = 0) -> None:
        self.all.append(self.make(path, text, line))

    def extend(self, findings: Iterator[Finding]) -> None:
        self.all.extend(findings)

    def line(self, problem: str) -> None:
        file, _, text = problem.partition(": ")
        if not text or " " in file:
            file, text = "", problem
        self.all.append(Finding(exercise=self.slug, phase=Phase.STRUCTURE, file=file, text=text))


def _parsed(found: _Findings, path: Path) -> ast.Module | None:
    try:
        return ast.parse(clean(path.read_text("utf-8")))
    except SyntaxError as error:
        found.add(path, f"Python can't read it: {error.msg}; mend the line", error.lineno or 0)
    except (ValueError, RecursionError, OSError) as error:
        found.add(path, f"can't be read: {error}; save it as UTF-8 text")
    return None


def _template(found: _Findings, path: Path) -> Iterator[Finding]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return
    for number, line in enumerate(lines, 1):
        _, mark, text = line.partition(MARK)
        if mark:
            yield found.make(
                path, f"still to do: {text.strip().strip(chr(34))} (take {MARK} away when it is done)", number
            )
            return  # one step at a time: the next mark shows when this one is gone


def _metadata(found: _Findings, exercise: Exercise) -> Iterator[Finding]:
    path = exercise.suite.parent / METADATA
    for line in found.course.problems:
        if is_about(line, exercise.slug):
            yield found.make(path, line.partition(": ")[2] or line)
    if not exercise.concepts:
        yield found.make(path, 'no concepts; say what the exercise teaches: concepts = ["torch.Tensor.mean"]')
    if not exercise.hints:
        yield found.make(path, "no hints, so that grade hint has nothing to say; add some, a first nudge first")
    if exercise.forbidden.names and not exercise.forbidden.instead:
        yield found.make(path, "forbidden.names without forbidden.instead; say what to build it from")


def _suite(found: _Findings, exercise: Exercise, tree: ast.Module) -> Iterator[Finding]:
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    checks = {node.name: node for node in functions if node.name.startswith("test")}
    if not checks:
        yield found.make(exercise.suite, "the suite has no check; write a function test_...(submission)")
    needs = depends(exercise.suite.read_text("utf-8"))
    for name, node in checks.items():
        if not ast.get_docstring(node):
            yield found.make(
                exercise.suite, f"{name} has no docstring; its first line is the title that students read", node.lineno
            )
        for needed in needs.get(name, ()):
            if needed not in checks:
                yield found.make(exercise.suite, f"{name} depends on {needed!r}, which is no check", node.lineno)
            elif checks[needed].lineno >= node.lineno:
                yield found.make(
                    exercise.suite,
                    f"{name} depends on {needed}, which comes after it, so that it is always skipped; move it up",
                    node.lineno,
                )
    for one in ast.walk(tree):
        if isinstance(one, ast.Assert) and one.msg is None:
            yield found.make(
                exercise.suite,
                'an assert without a text tells a student nothing; write assert ..., "what went wrong"',
                one.lineno,
            )
