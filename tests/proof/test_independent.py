"""A course whose checks don't wait for each other."""

from __future__ import annotations

import ast
from pathlib import Path

from grader.course import Course
from grader.proof.independent import depends, independent, without_depends
from tests.course_files import course

SUITE = '''\
import pytest

FIRST = ("test_a",)


@pytest.mark.points(2)
@pytest.mark.depends(
    "test_a",
    "test_b",
)  # why
@pytest.mark.hint("What is ü?")
def test_c(submission):
    """a title"""


@pytest.mark.depends(*FIRST)
def test_d(submission):
    """another"""
'''


def test_only_the_markers_go_and_lines_keep_their_numbers() -> None:
    text = without_depends(SUITE)
    assert "depends" not in text
    assert "# why" in text
    for name in ("test_c", "test_d"):
        before, after = (
            next(n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name == name)
            for source in (SUITE, text)
        )
        assert (before.lineno, len(before.decorator_list) - 1) == (after.lineno, len(after.decorator_list))


def test_what_a_check_depends_on_is_read_from_the_text() -> None:
    assert depends(SUITE) == {"test_c": ("test_a", "test_b"), "test_d": ("test_a",)}
    assert depends("def (") == {}


def test_a_suite_that_python_cannot_read_stays_as_it_is() -> None:
    assert without_depends("def (") == "def ("


def test_the_copy_of_a_course_is_a_course(tmp_path: Path) -> None:
    copy = independent(course(), tmp_path / "copy")
    assert isinstance(copy, Course)
    assert copy.slugs == course().slugs
    assert copy.problems == ()
    for exercise in copy.exercises:
        assert "mark.depends" not in exercise.suite.read_text("utf-8")
        assert exercise.suite.is_relative_to(tmp_path)
