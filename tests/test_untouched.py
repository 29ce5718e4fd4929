"""A stub or a notebook as students got it stands back where there is work in another file."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import Course
from grader.notebooks.write import notebooks
from grader.submission import find, stubs_of, submissions_in
from grader.untouched import is_untouched
from tests.course_files import course
from tests.handout import small

STUB = small.STUB.replace("{slug}", "double")
SOLVED = small.SOLUTION.replace("{slug}", "double")


def test_every_notebook_and_stub_of_this_course_is_known_again() -> None:
    own = course()
    stubs = stubs_of(own, own.slugs)
    for sheet in notebooks(own):
        slug = sheet.place.stem
        found = submissions_in(sheet.data, sheet.place, stubs, asked=slug)
        assert not isinstance(found, str)
        [answer] = found
        assert answer.source is not None
        assert is_untouched(answer.source, stubs[slug])
        assert is_untouched(stubs[slug], stubs[slug])


def test_no_submission_that_is_kept_with_an_exercise_is_taken_for_a_stub() -> None:
    for exercise in course().exercises:
        for path in (exercise.solution, *exercise.suite.parent.glob("*/*.py")):
            assert not is_untouched(path.read_text("utf-8"), exercise.stub.read_text("utf-8"))


@pytest.mark.parametrize(
    ("source", "untouched"),
    [
        (STUB, True),
        ("import torch\n\n" + STUB + "\n# a comment\n", True),
        ('"\\d in a text is warned about, to whoever grades"\n' + STUB, True),
        ("1 < 2\n" * 100_000, False),
        ("", False),
        (STUB.replace("\n", "\r\n"), True),
        (STUB + "\nX = 3\n", False),
        (STUB.replace("raise NotImplementedError", "return X"), False),
        (STUB.replace("raise NotImplementedError", "pass"), False),
        ("def double(X):\n    return (\n", False),
        ("(" * 500, False),
    ],
)
def test_what_has_work_in_it(source: str, untouched: bool) -> None:
    assert is_untouched(source, STUB) is untouched


@pytest.fixture
def two_files(tmp_path: Path) -> tuple[Course, Path, Path]:
    found = small.course(tmp_path / "course", "double")
    work = tmp_path / "work"
    (work / "notebooks").mkdir(parents=True)
    [sheet] = notebooks(found)
    (work / "notebooks" / "double.ipynb").write_bytes(sheet.data)
    (work / "double.py").write_text(SOLVED)
    return found, work, work / "notebooks" / "double.ipynb"


def test_the_file_with_work_in_it_is_graded(two_files: tuple[Course, Path, Path]) -> None:
    found, work, notebook = two_files
    assert [one.path for one in find(found, [work]).submissions] == [work / "double.py"]
    (work / "double.py").write_text(STUB)
    notebook.write_text(notebook.read_text().replace("raise NotImplementedError", "return X + X"))
    assert [one.path for one in find(found, [work]).submissions] == [notebook]


def test_two_files_with_work_in_them_are_still_nobodys(two_files: tuple[Course, Path, Path]) -> None:
    found, work, notebook = two_files
    notebook.write_text(notebook.read_text().replace("raise NotImplementedError", "return X + X"))
    assert find(found, [work]).submissions == ()
    assert find(found, [work]).problems[0].startswith("double: 2 files for it")


def test_two_files_without_work_are_not_started(two_files: tuple[Course, Path, Path]) -> None:
    found, work, _ = two_files
    (work / "double.py").write_text(STUB)
    assert len(find(found, [work]).submissions) == 1
    assert find(found, [work]).problems == ()
