"""Finding and reading what a student hands in."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from grader import submission
from grader.course import Course
from grader.submission import SOURCE_MAX_BYTES, Found, find, read

GOOD = Path(__file__).parent / "courses" / "good"
BROKEN = Path(__file__).parent / "courses" / "broken"


@pytest.fixture
def course() -> Course:
    return Course.load(GOOD)


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")


def names(found: Found, folder: Path) -> list[str]:
    return [str(one.path.relative_to(folder)) for one in found.submissions]


def test_files_are_found_at_any_depth_and_in_course_order(course: Course, tmp_path: Path) -> None:
    put(tmp_path, "alpha.py", "a/b/c/zeta.py", "01_first/beta.py")
    found = find(course, [tmp_path])
    assert names(found, tmp_path) == ["01_first/beta.py", "a/b/c/zeta.py", "alpha.py"]
    assert (found.problems, found.unmatched) == ((), ())


def test_a_submission_has_its_text_and_hash(course: Course, tmp_path: Path) -> None:
    put(tmp_path, "x/beta.py")
    (one,) = find(course, [tmp_path]).submissions
    assert (one.slug, one.file, one.source, one.problem) == ("beta", "beta.py", "# x/beta.py\n", "")
    assert one.sha256 == hashlib.sha256(b"# x/beta.py\n").hexdigest()


def test_the_root_of_the_course_means_its_exercises(course: Course) -> None:
    found = find(course, [GOOD])
    assert names(found, GOOD / "exercises") == [
        "01_first/beta.py",
        "01_first/zeta.py",
        "02_more/delta.py",
        "02_more/alpha.py",
    ]
    assert find(course, [GOOD / "solutions" / "01_first"]).submissions[0].path.parent.name == "beta"


def test_the_private_half_is_not_searched_from_above(course: Course) -> None:
    found = find(course, [GOOD.parent], ["delta"])
    assert names(found, GOOD) == ["exercises/02_more/delta.py"]


@pytest.mark.parametrize("folder", [".hidden", "__pycache__", "node_modules", "venv", ".venv", "mine"])
def test_folders_in_which_nobody_keeps_work_are_passed_over(course: Course, tmp_path: Path, folder: str) -> None:
    put(tmp_path, f"{folder}/beta.py", f"{folder}/lib/zeta.py")
    if folder == "mine":
        put(tmp_path, "mine/pyvenv.cfg")
    assert find(course, [tmp_path]).submissions == ()


def test_two_files_for_one_exercise_are_both_left_alone(course: Course, tmp_path: Path) -> None:
    put(tmp_path, "a/beta.py", "b/beta.py", "zeta.py")
    found = find(course, [tmp_path])
    assert [one.slug for one in found.submissions] == ["zeta"]
    (line,) = found.problems
    assert line == (
        f"beta: 2 files of that name ({tmp_path}/a/beta.py, {tmp_path}/b/beta.py), so none is graded; "
        "name the one you mean"
    )


def test_one_file_that_is_reached_twice_is_one(course: Course, tmp_path: Path) -> None:
    put(tmp_path, "a/beta.py")
    found = find(course, [tmp_path, tmp_path / "a", tmp_path / "a" / ".." / "a" / "beta.py"])
    assert len(found.submissions) == 1
    assert found.problems == ()


def test_only_the_exercises_asked_for_are_taken(course: Course, tmp_path: Path) -> None:
    put(tmp_path, "beta.py", "zeta.py")
    assert [one.slug for one in find(course, [tmp_path], ["zeta"]).submissions] == ["zeta"]
    found = find(course, [tmp_path / "beta.py"], ["zeta"])
    assert found.problems == (f"{tmp_path}/beta.py is not of the exercises asked for with --exercise",)


def test_a_file_of_any_name_is_taken_for_the_one_exercise_asked_for(course: Course, tmp_path: Path) -> None:
    put(tmp_path, "wrong/swapped.py")
    (one,) = find(course, [tmp_path / "wrong" / "swapped.py"], ["beta"]).submissions
    assert (one.slug, one.file) == ("beta", "swapped.py")


def test_a_file_of_no_exercise_is_one_line(course: Course, tmp_path: Path) -> None:
    put(tmp_path, "swapped.py", "notes.txt", "work.ipynb")
    found = find(course, [tmp_path / "swapped.py", tmp_path / "notes.txt", tmp_path / "work.ipynb", tmp_path / "no"])
    assert found.problems == (
        f"{tmp_path}/swapped.py: no exercise is called swapped; rename the file, or say which one it is with "
        "--exercise SLUG",
        f"{tmp_path}/notes.txt is not a Python file or a notebook; a submission is named after its exercise, such as "
        "matmul.py",
        f"{tmp_path}/work.ipynb is not JSON, so it is no notebook; open it in Jupyter and save it again",
        f"{tmp_path}/no: No such file or directory",
    )


def test_other_python_files_in_a_folder_are_kept_for_advice(course: Course, tmp_path: Path) -> None:
    put(tmp_path, "Beta.py", "notes.txt")
    (tmp_path / "work.ipynb").write_text('{"nbformat": 4, "cells": []}')
    found = find(course, [tmp_path])
    assert sorted(path.name for path in found.unmatched) == ["Beta.py", "work.ipynb"]
    assert found.problems == ()


def test_a_file_of_a_broken_exercise_is_said_to_be_blocked(tmp_path: Path) -> None:
    put(tmp_path, "typo.py", "fine.py")
    found = find(Course.load(BROKEN), [tmp_path])
    assert [one.slug for one in found.submissions] == ["fine"]
    assert found.blocked == ("typo",)
    assert found.problems == (f"{tmp_path}/typo.py is not graded: the exercise typo is broken in this course",)


def test_links_in_a_folder_are_not_followed(course: Course, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "beta.py").symlink_to(GOOD / "solutions/01_first/beta/beta.py")
    (work / "out").symlink_to(GOOD / "solutions", target_is_directory=True)
    (work / "loop").symlink_to(work, target_is_directory=True)
    found = find(course, [work])
    assert found.submissions == ()
    assert found.problems == (f"{work}/beta.py is a link and is not followed; put the file itself there",)


def test_a_link_given_by_name_is_meant(course: Course, tmp_path: Path) -> None:
    put(tmp_path, "real.py")
    (tmp_path / "beta.py").symlink_to(tmp_path / "real.py")
    (one,) = find(course, [tmp_path / "beta.py"]).submissions
    assert one.source == "# real.py\n"


def test_the_search_is_bounded(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "ENTRIES_MAX", 5)
    put(tmp_path, *(f"{number}.txt" for number in range(6)))
    assert "more than 5 files, so the search stopped" in find(course, [tmp_path]).problems[0]


def test_the_depth_is_bounded(course: Course, tmp_path: Path) -> None:
    deep = Path(*("d" for _ in range(20)))
    put(tmp_path, str(deep / "beta.py"))
    found = find(course, [tmp_path])
    assert found.submissions == ()
    assert "too deep a folder" in found.problems[0]


def test_a_hostile_name_is_shown_cleaned(course: Course, tmp_path: Path) -> None:
    put(tmp_path, "\x1b[31m\u202exyz.py")
    (line,) = find(course, [tmp_path / "\x1b[31m\u202exyz.py"]).problems
    assert "\x1b" not in line
    assert "\u202e" not in line


UNUSABLE = {
    "latin": (b"x = 1\ny = '\xe9'\n", "is not UTF-8 (byte 0xe9 on line 2); save it as UTF-8"),
    "utf-16": ("x = 1".encode("utf-16"), "is saved as UTF-16 or UTF-32; save it as UTF-8"),
    "binary": (b"x\n\x00\x01", "holds a zero byte on line 2, so it is no text; save it as UTF-8 text"),
    "cookie": (b"# coding: latin-1\n", "declares the encoding latin-1; save it as UTF-8 and remove that first comment"),
    "second line": (b"#!/bin/x\n# -*- coding: utf-7 -*-\n", "declares the encoding utf-7; "),
    "unknown codec": (b"# vim: set fileencoding=nonsense :\n", "declares the encoding nonsense; "),
    "codec of python": (b"# coding=unicode_escape\n", "declares the encoding unicode_escape; "),
    "surrogate": (b"x = '\xed\xa0\x80'\n", "is not UTF-8 (byte 0xed on line 1)"),
    "too big": (b"#" * (SOURCE_MAX_BYTES + 1), "has 256 KiB; the most is 256 KiB of source, so shorten it"),
    "50 MB": (b"#" * 50_000_000, "has 48 MiB; the most is 256 KiB of source, so shorten it"),
}


@pytest.mark.parametrize(("raw", "problem"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_file_that_is_no_utf8_source_is_one_line(tmp_path: Path, raw: bytes, problem: str) -> None:
    path = tmp_path / "beta.py"
    path.write_bytes(raw)
    one = read(path, "beta")
    assert one.source is None
    assert one.problem.startswith(f"beta.py {problem}")
    assert "\n" not in one.problem


USABLE = {
    "empty": (b"", ""),
    "bom": (b"\xef\xbb\xbfx = 1\n", "x = 1\n"),
    "utf-8 cookie": (b"# coding: utf-8\n", "# coding: utf-8\n"),
    "other spelling": (b"# coding: UTF8\n", "# coding: UTF8\n"),
    "ascii cookie": (b"# coding: ascii\n", "# coding: ascii\n"),
    "cookie on line three": (b"\n\n# coding: latin-1\n", "\n\n# coding: latin-1\n"),
    "cookie after code": (b"x = 1\n# coding: latin-1\n", "x = 1\n# coding: latin-1\n"),
    "text about coding": (b"'coding: latin-1'\n", "'coding: latin-1'\n"),
    "accents": ("é = 'ß'\r\n".encode(), "é = 'ß'\r\n"),
    "largest": (b"#" * SOURCE_MAX_BYTES, "#" * SOURCE_MAX_BYTES),
    "not python": (b"def (", "def ("),
}


@pytest.mark.parametrize(("raw", "source"), USABLE.values(), ids=USABLE.keys())
def test_utf8_source_is_taken_as_it_is(tmp_path: Path, raw: bytes, source: str) -> None:
    path = tmp_path / "beta.py"
    path.write_bytes(raw)
    one = read(path, "beta")
    assert (one.source, one.problem, one.sha256) == (source, "", hashlib.sha256(raw).hexdigest())


def test_a_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "beta.py")
    assert read(tmp_path / "beta.py", "beta").problem == "beta.py is not an ordinary file; hand in the file itself"


def test_a_link_put_there_between_search_and_reading_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "beta.py").symlink_to(GOOD / "solutions/01_first/beta/beta.py")
    one = read(tmp_path / "beta.py", "beta", follow_links=False)
    assert one.source is None
    assert one.problem.startswith("beta.py can't be read")


def test_a_file_that_is_gone_is_one_line(tmp_path: Path) -> None:
    one = read(tmp_path / "beta.py", "beta")
    assert one.problem.startswith("beta.py can't be read (No such file or directory)")
