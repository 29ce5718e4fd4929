"""Finding a course and reading its exercises."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grader.course import Course, CourseError, Forbidden
from grader.model import Limits, Policy

COURSES = Path(__file__).parent / "courses"


def test_the_order_is_chapter_then_prerequisites_then_slug() -> None:
    assert Course.load(COURSES / "good").slugs == ("beta", "zeta", "delta", "alpha")


def test_what_the_author_wrote_is_read() -> None:
    zeta = Course.load(COURSES / "good").get("zeta")
    assert zeta is not None
    assert (zeta.chapter, zeta.title, zeta.concepts) == ("01_first", "Zeta", ("doubling", "numbers"))
    assert zeta.hints == ("What is twice 3?", "Which operator multiplies?")
    assert (zeta.forbidden.names, zeta.forbidden.instead) == (("operator.mul", "torch.mul"), "Use the operator.")
    assert zeta.limits == Limits(wall_s=2.0, memory_mib=512)
    assert zeta.stub == COURSES / "good/exercises/01_first/zeta.py"
    assert zeta.solution == COURSES / "good/solutions/01_first/zeta/zeta.py"
    assert zeta.suite == COURSES / "good/solutions/01_first/zeta/test_zeta.py"


def test_what_is_left_out_has_a_default() -> None:
    beta = Course.load(COURSES / "good").get("beta")
    assert beta is not None
    assert (beta.concepts, beta.prerequisites, beta.hints, beta.forbidden.names) == ((), (), (), ())
    assert beta.limits == Limits()


@pytest.mark.parametrize(
    "inside", ["", "exercises", "exercises/01_first/beta.py", "solutions/02_more/alpha/nothing/here"]
)
def test_a_course_is_found_from_anywhere_inside(inside: str) -> None:
    assert Course.find(COURSES / "good" / inside).root == COURSES / "good"


def test_no_course_is_said_with_what_a_course_is(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"no course at .*exercises/ and solutions/.*--course DIR"):
        Course.find(tmp_path)


def test_a_student_without_the_suites_is_told_whose_they_are(tmp_path: Path) -> None:
    students = shutil.copytree(COURSES / "students", tmp_path / "students")
    with pytest.raises(CourseError, match=r"students has exercises/ but no solutions/: .* the instructor's"):
        Course.find(students / "exercises" / "01_first")
    with pytest.raises(CourseError, match="the instructor's"):
        Course.load(students)


def test_a_folder_that_is_no_course_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="is not a course: it has no folder exercises/"):
        Course.load(tmp_path)


def test_broken_exercises_are_left_out_and_the_others_stay() -> None:
    course = Course.load(COURSES / "broken")
    assert course.slugs == ("fine", "asks")
    assert course.get("typo") is None
    assert "typo" in course.broken
    assert "fine" not in course.broken


EXPECTED = """
solutions/01_first/BadName: a slug has small letters, digits and _ and starts with a letter; rename it
solutions/01_first/bad_name/exercise.toml: key forbidden.names: 'torch.nn.Linear()' is not a dotted name such as torch.nn.Linear
solutions/01_first/empty_title/exercise.toml: key title: the text is empty
solutions/01_first/no_metadata/exercise.toml: missing; the least that it must hold is one line: title = "..."
solutions/01_first/no_reference/no_reference.py: the reference solution of no_reference is missing; add the file
exercises/01_first/no_stub.py: the stub of no_stub is missing; add the file
solutions/01_first/no_suite/test_no_suite.py: the suite of no_suite is missing; add the file
solutions/01_first/no_title/exercise.toml: the key title is missing
solutions/01_first/not_text/exercise.toml: not UTF-8 (byte 9); save it as UTF-8
solutions/01_first/not_toml/exercise.toml: not TOML: Invalid value (at line 1, column 9)
solutions/01_first/typo/exercise.toml: unknown key hint; allowed here: title, concepts, prerequisites, hints, given, forbidden, limits
solutions/01_first/unknown_limit/exercise.toml: unknown key limits.memory; allowed here: wall_s, cpu_s, memory_mib, file_mib, output_kib
solutions/01_first/wrong_item/exercise.toml: key hints[1]: expected a text, got a whole number
solutions/01_first/wrong_type/exercise.toml: key title: expected a text, got a whole number
solutions/01_first/zero_limit/exercise.toml: key limits.wall_s: must be > 0.0
solutions/02_more/asks/exercise.toml: key prerequisites: no exercise is called 'nowhere'
"""  # noqa: E501  each is one line for the author as well


def test_each_problem_is_one_line_that_says_where_and_what() -> None:
    assert list(Course.load(COURSES / "broken").problems) == EXPECTED.strip().split("\n")


def test_a_slug_that_is_there_twice_is_left_out() -> None:
    course = Course.load(COURSES / "twice")
    assert course.slugs == ("other",)
    assert course.problems == (
        "the slug same is there twice: solutions/01_first/same and solutions/02_more/same; rename one of them",
    )


def test_prerequisites_in_a_circle_are_said_and_all_exercises_stay() -> None:
    course = Course.load(COURSES / "circle")
    assert course.slugs == ("a", "b", "c")
    (line,) = course.problems
    assert line.startswith("solutions/01_first: the prerequisites go round in a circle: ")


def test_what_is_left_of_a_renamed_exercise_is_no_problem(tmp_path: Path) -> None:
    root = shutil.copytree(COURSES / "good", tmp_path / "good")
    (root / "solutions/01_first/old/__pycache__").mkdir(parents=True)
    (root / "solutions/.git/x").mkdir(parents=True)
    assert Course.load(root).problems == ()


def test_a_huge_metadata_file_is_not_read(tmp_path: Path) -> None:
    root = shutil.copytree(COURSES / "good", tmp_path / "good")
    (root / "solutions/01_first/beta/exercise.toml").write_text("# " + "x" * 70_000)
    (line,) = Course.load(root).problems
    assert "more than 64 KiB" in line


def test_deeply_nested_metadata_is_one_line(tmp_path: Path) -> None:
    root = shutil.copytree(COURSES / "good", tmp_path / "good")
    (root / "solutions/01_first/beta/exercise.toml").write_text("title = " + "[" * 5000)
    (line,) = Course.load(root).problems
    assert line.startswith("solutions/01_first/beta/exercise.toml: not TOML: ")


def _with_metadata(tmp_path: Path, text: str) -> Course:
    root = shutil.copytree(COURSES / "good", tmp_path / "good")
    (root / "solutions/01_first/beta/exercise.toml").write_text(f'title = "Beta"\n{text}\n')
    return Course.load(root)


def test_an_exercise_may_say_what_evidence_costs(tmp_path: Path) -> None:
    default = Forbidden()
    assert (default.if_written, default.if_run) == (Policy.EXERCISE, Policy.FLAG)
    course = _with_metadata(tmp_path, '[forbidden]\nnames = ["torch.mul"]\nif_written = "flag"\nif_run = "check"')
    assert course.problems == ()
    beta = course.get("beta")
    assert beta is not None
    assert (beta.forbidden.if_written, beta.forbidden.if_run) == (Policy.FLAG, Policy.CHECK)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('if_run = "warn"', "key forbidden.if_run: 'warn' is not one of exercise, check, flag, off"),
        ("if_run = false", "key forbidden.if_run: expected a text, got true or false"),
        (
            'if_written = "check"',
            "key forbidden.if_written: a name in the source belongs to no single check, "
            'so "check" is not possible; use exercise, flag or off',
        ),
    ],
)
def test_an_unknown_policy_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    (line,) = _with_metadata(tmp_path, f"[forbidden]\n{text}").problems
    assert line == f"solutions/01_first/beta/exercise.toml: {said}"
