"""Which layout it is, which file is meant, and what is said about the rest."""

from __future__ import annotations

import io
import json
import tracemalloc
import unicodedata
import zipfile
from pathlib import Path

import pytest

from grader.classroom import HandIn, Layout
from grader.course import Course
from grader.intake import IntakeError, read
from tests.intake.classes import Pupil, write_class, write_zip
from tests.intake.reading import Found, make_course


def make(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / "class" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "class"


def zipped(*files: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()


def test_two_files_for_an_exercise_in_different_folders_are_refused_by_name(tmp_path: Path) -> None:
    place = make(tmp_path, {"ann/a/matmul.py": "1", "ann/b/matmul.py": "2", "ann/linear.py": "3", "bob/matmul.py": "4"})
    found = Found(tmp_path, place)
    assert {(one.student.name, one.submission.slug) for one in found.hand_ins} == {("ann", "linear"), ("bob", "matmul")}
    (refused,) = found.refused
    assert (refused.place, refused.slug) == ("ann/a/matmul.py", "matmul")
    assert "ann/b/matmul.py" in refused.why


def test_equal_files_and_untouched_stubs_leave_no_doubt(tmp_path: Path) -> None:
    stub = "# the stub of matmul\n"
    place = make(
        tmp_path,
        {
            "ann/a/matmul.py": "1",
            "ann/b/matmul.py": "1",
            "bob/exercises/matmul.py": stub,
            "bob/matmul.py": "2",
            "cy/matmul.py": stub,
            "cy/x/matmul.py": stub,
        },
    )
    found = Found(tmp_path, place)
    assert {(one.student.name, one.submission.source) for one in found.hand_ins} == {
        ("ann", "1"),
        ("bob", "2"),
        ("cy", stub),
    }
    assert found.refused == []


def test_names_that_differ_in_case_alone_are_in_doubt(tmp_path: Path) -> None:
    place = make(tmp_path, {"ann/matmul.py": "1", "ann/Matmul.py": "2", "bob/MATMUL.PY": "3"})
    found = Found(tmp_path, place)
    assert [one.submission.source for one in found.hand_ins] == ["3"]
    assert [one.slug for one in found.refused] == ["matmul"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_in_an_archive_is_in_doubt(tmp_path: Path) -> None:
    place = tmp_path / "class.zip"
    write_zip(
        place, [("ann/matmul.py", b"1"), ("ann/matmul.py", b"2"), ("bob/matmul.py", b"3"), ("bob/matmul.py", b"3")]
    )
    found = Found(tmp_path, place)
    assert [(one.student.name, one.submission.source) for one in found.hand_ins] == [("bob", "3")]
    assert [one.student.name for one in found.refused] == ["ann"]


def test_a_students_archive_is_read_as_a_folder(tmp_path: Path) -> None:
    place = make(tmp_path, {"bob/matmul.py": "b"})
    (place / "ann").mkdir()
    (place / "ann" / "hw.zip").write_bytes(
        zipped(
            ("hw/matmul.py", b"1"),
            ("hw/venv/lib/linear.py", b"no"),
            ("hw/.ipynb_checkpoints/linear.py", b"no"),
            ("__MACOSX/hw/._matmul.py", b"no"),
            ("hw/.DS_Store", b"no"),
            ("hw/my-env/pyvenv.cfg", b"no"),
            ("hw/my-env/linear.py", b"no"),
            ("hw/more.zip", zipped(("linear.py", b"no"))),
        )
    )
    (place / "ann" / "hw (1).zip").write_bytes(zipped(("hw again/matmul.py", b"2")))
    found = Found(tmp_path, place)
    assert [(one.attempt, one.submission.source) for one in found.hand_ins if one.student.name == "ann"] == [
        (1, "1"),
        (2, "2"),
    ]
    assert found.said == ["ann/hw.zip/hw/more.zip: an archive in an archive is not read; ask for the files themselves"]
    assert all(one.submission.path.is_file() for one in found.hand_ins)


def test_an_archive_per_student_is_a_folder_per_student(tmp_path: Path) -> None:
    place = tmp_path / "class"
    place.mkdir()
    (place / "ann.zip").write_bytes(zipped(("matmul.py", b"1")))
    (place / "bob.zip").write_bytes(zipped(("bob/matmul.py", b"2")))
    found = Found(tmp_path, place)
    assert found.intake.layout is Layout.FOLDERS
    assert {(one.student.key, one.submission.source) for one in found.hand_ins} == {
        ("folder:ann", "1"),
        ("folder:bob", "2"),
    }


def test_names_without_the_flag_for_utf_8_are_read(tmp_path: Path) -> None:
    raw = bytearray(zipped(("Zoë/matmul.py", b"1"), ("Ann/matmul.py", b"2")))
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        where = raw.find(sign)
        while where >= 0:
            raw[where + at + 1] &= ~0x08
            where = raw.find(sign, where + 1)
    (tmp_path / "class.zip").write_bytes(raw)
    assert {one.student.name for one in Found(tmp_path, tmp_path / "class.zip").hand_ins} == {"Zoë", "Ann"}


def test_a_name_has_one_key_however_its_letters_are_composed(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "Zoë") for form in ("NFC", "NFD"))
    keys = set()
    for name in (composed, apart):
        folder = tmp_path / str(len(name))
        folder.mkdir()
        found = Found(tmp_path, make(folder, {f"{name}/matmul.py": "1", "bob/matmul.py": "2"}))
        keys |= found.keys
        assert name in {one.student.name for one in found.hand_ins}
    assert keys == {f"folder:{composed}", "folder:bob"}


def test_keys_of_odd_names_are_one_line_and_apart(tmp_path: Path) -> None:
    names = ["a\nb", "a b", "a\u202eb", "x" * 150, "x" * 149 + "y", "\udcff"]
    found = Found(tmp_path, make(tmp_path, {f"{name}/matmul.py": "1" for name in names}))
    assert len(found.keys) == len(names)
    assert all(key.isprintable() and len(key) < 120 for key in found.keys)
    for one in found.hand_ins:
        (one.student.name + one.ref + one.student.key).encode()


def test_too_large_a_file_is_a_hand_in_that_says_so(tmp_path: Path) -> None:
    large = "#" * (300 * 1024)
    pupils = [Pupil("A", 1, {"matmul": large}), Pupil("B", 2, {"matmul": "b"})]
    for pack in ("", "zip", "tar.gz"):
        found = Found(tmp_path, write_class(tmp_path, Layout.CANVAS, pupils, pack=pack))
        problems = {one.student.name: (one.submission.source, one.submission.problem) for one in found.hand_ins}
        line = "has 300 KiB; the most is 256 KiB"
        assert line in problems["a"][1]
        assert problems["b"] == ("b", "")


def test_a_file_for_a_broken_exercise_is_listed(tmp_path: Path) -> None:
    place = make(tmp_path, {"ann/matmul.py": "1", "bob/relu.py": "2"})
    found = Found(tmp_path, place, course=make_course(tmp_path, ("matmul",), broken=("relu",)))
    assert found.said == ["bob/relu.py: is not graded: the exercise relu is broken in this course"]
    assert [one.student.name for one in found.empty] == ["bob"]


def test_of_many_files_for_no_exercise_some_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    place = make(tmp_path, {**{f"ann/x{number}.py": "" for number in range(30)}, "bob/matmul.py": "1"})
    found = Found(tmp_path, place)
    assert len(found.unmatched) == 21
    assert found.unmatched[-1].why == "10 more files that belong to no exercise or can't be read"


def notebook(*cells: str) -> str:
    listed: list[dict[str, object]] = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": cell}
        for n, cell in enumerate(cells)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": listed})


def course_with_names(folder: Path) -> Course:
    course = make_course(folder)
    for slug in course.slugs:
        (folder / "course" / f"{slug}.py").write_text(f"def {slug}():\n    raise NotImplementedError\n")
    return course


def test_a_notebook_is_handed_in_for_every_exercise_that_it_answers(tmp_path: Path) -> None:
    course = course_with_names(tmp_path)
    both = notebook("print(1)", "def matmul():\n    return 'nb'", "def linear():\n    return 'nb'")
    pupils = [
        Pupil("A", 1, {"home work.ipynb": both}),
        Pupil("B", 2, {"homework.ipynb": both, "matmul": "the file that is named after it"}),
        Pupil("C", 3, {"matmul.ipynb": notebook("x = 1")}),
        Pupil("D", 4, {"linear.ipynb": "not a notebook"}),
        Pupil("E", 5, {"other.ipynb": notebook("x = 1"), "none.ipynb": "[" * 100_000}),
    ]
    for pack in ("", "zip", "tar.gz"):
        found = Found(tmp_path, write_class(tmp_path, Layout.FOLDERS, pupils, pack=pack), course=course)
        handed_in = {
            (one.student.name, one.submission.slug): (one.submission.file, one.submission.source is not None)
            for one in found.hand_ins
        }
        assert handed_in == {
            ("A 1", "linear"): ("home work.ipynb", True),
            ("A 1", "matmul"): ("home work.ipynb", True),
            ("B 2", "linear"): ("homework.ipynb", True),
            ("B 2", "matmul"): ("matmul.py", True),
            ("C 3", "matmul"): ("matmul.ipynb", False),
            ("D 4", "linear"): ("linear.ipynb", False),
        }
        assert all(one.submission.path.is_file() for one in found.hand_ins)
        assert [one.place for one in found.unmatched] == ["E 5/none.ipynb", "E 5/other.ipynb"]
        assert "no exercise is called other, and no cell answers one" in found.unmatched[1].why


def test_the_half_of_a_hand_out_that_was_left_untouched_leaves_no_doubt(tmp_path: Path) -> None:
    course = course_with_names(tmp_path)
    stub, own = "def matmul():\n    raise NotImplementedError\n", "def matmul():\n    return 1\n"
    files = {
        "ann/matmul.py": own,
        "ann/notebooks/matmul.ipynb": notebook("import torch", f"# yours:\n{stub}"),
        "bob/matmul.py": stub,
        "bob/notebooks/matmul.ipynb": notebook(own),
        "cy/matmul.py": own,
        "cy/notebooks/matmul.ipynb": notebook("def matmul():\n    return 2\n"),
        "dan/matmul.py": "x = " + "1 + " * 5000 + "1",
        "dan/x/matmul.py": "def (",
    }
    found = Found(tmp_path, make(tmp_path, files), course=course)
    assert [(one.student.name, one.submission.file) for one in found.hand_ins] == [
        ("ann", "matmul.py"),
        ("bob", "matmul.ipynb"),
    ]
    assert [(one.student.name, one.slug) for one in found.refused] == [("cy", "matmul"), ("dan", "matmul")]


def test_an_untouched_stub_does_not_hide_the_work_in_a_notebook_of_another_name(tmp_path: Path) -> None:
    course = course_with_names(tmp_path)
    stub, own = "def matmul():\n    raise NotImplementedError\n", "def matmul():\n    return 1\n"
    files = {
        "ann/matmul.py": stub,
        "ann/homework.ipynb": notebook(own),
        "bob/matmul.py": own,
        "bob/homework.ipynb": notebook("def matmul():\n    return 2\n"),
        "cy/matmul.py": stub,
        "cy/homework.ipynb": notebook(stub),
    }
    found = Found(tmp_path, make(tmp_path, files), course=course)
    assert {(one.student.name, one.submission.file) for one in found.hand_ins if one.submission.slug == "matmul"} == {
        ("ann", "homework.ipynb"),
        ("bob", "matmul.py"),
        ("cy", "homework.ipynb"),
    }
    assert found.refused == []


def test_notebooks_that_differ_in_their_outputs_alone_leave_no_doubt(tmp_path: Path) -> None:
    first = notebook("def matmul():\n    return 1")
    place = make(
        tmp_path, {"ann/a/matmul.ipynb": first, "ann/b/matmul.ipynb": first.replace("null", "7"), "bob/x.py": ""}
    )
    found = Found(tmp_path, place, course=course_with_names(tmp_path))
    assert [one.student.name for one in found.hand_ins] == ["ann"]
    assert found.refused == []


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({}, "holds no files"),
        ({"matmul.py": "1", "linear.py": "2"}, "the files of one student"),
        ({"ann/matmul.py": "1", "bob_matmul.py": "2"}, "say --layout folders or --layout flat"),
        ({"report.pdf": "1"}, "nothing that looks like a class"),
        (
            {
                "submission_metadata.yml": "{}",
                "A_1_assignsubmission_file/x.py": "",
                "B_2_assignsubmission_file/x.py": "",
            },
            "looks like gradescope (submission_metadata.yml is there) and moodle (2 of 3 names",
        ),
    ],
)
def test_a_download_that_nobody_can_tell_gives_one_line(files: dict[str, str], line: str, tmp_path: Path) -> None:
    (tmp_path / "class").mkdir()
    with pytest.raises(IntakeError) as caught:
        Found(tmp_path, make(tmp_path, files))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_layout_that_is_named_counts(tmp_path: Path) -> None:
    place = make(tmp_path, {"ann/matmul.py": "1", "bob_matmul.py": "2"})
    assert Found(tmp_path, place, Layout.FOLDERS).keys == {"folder:ann"}
    assert Found(tmp_path, place, Layout.FLAT).keys == {"folder:bob"}


@pytest.mark.parametrize("name", ["nowhere", "class.rar", "class.zip", "class.tgz"])
def test_what_is_no_download_gives_one_line(name: str, tmp_path: Path) -> None:
    if name != "nowhere":
        (tmp_path / name).write_bytes(b"not an archive")
    with pytest.raises(IntakeError) as caught:
        Found(tmp_path, tmp_path / name)
    assert "\n" not in str(caught.value)


def test_one_folder_alone_is_a_student_and_a_wrapper_is_not(tmp_path: Path) -> None:
    place = make(tmp_path, {"ann/matmul.py": "1"})
    assert Found(tmp_path, place).keys == {"folder:ann"}
    assert Found(tmp_path, place, Layout.FOLDERS).keys == {"folder:ann"}
    assert Found(tmp_path, place.parent / "class", Layout.FOLDERS).keys == {"folder:ann"}
    write_zip(tmp_path / "x.zip", [("wrap/er/ann/matmul.py", b"1"), ("wrap/er/bob/linear.py", b"1")])
    assert Found(tmp_path, tmp_path / "x.zip").keys == {"folder:ann", "folder:bob"}


def test_no_more_than_one_student_is_held_at_a_time(tmp_path: Path) -> None:
    """Sources of 30 MB go by; what is held stays below a tenth."""
    source = "#" * (200 * 1024)
    pupils = [Pupil(f"S{number}", number, {"matmul": f"{number}{source}"}) for number in range(150)]
    place = write_class(tmp_path, Layout.CANVAS, pupils, pack="zip")
    intake = read(make_course(tmp_path), place, tmp_path / "work")
    tracemalloc.start()
    try:
        count = sum(isinstance(item, HandIn) for item in intake.items())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 150
    assert peak < 3e6


def test_a_notebook_is_read_as_the_python_that_it_stands_for(tmp_path: Path) -> None:
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "source": "%matplotlib inline\nimport torch", "outputs": [{"text": "1"}]},
        {"cell_type": "code", "source": "class MatMul(torch.autograd.Function):\n    pass\nprint(1)"},
        {"cell_type": "code", "source": "class Linear(:"},
    ]
    made = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    pupils = [
        Pupil("A", 1, {"homework.ipynb": json.dumps(made)}),
        Pupil("B", 2, {"homework.ipynb": "{", "relu.ipynb": "[]"}),
    ]
    course = make_course(tmp_path, ("matmul", "linear", "relu"))
    for slug, name in (("matmul", "MatMul"), ("linear", "Linear"), ("relu", "ReLU")):
        (tmp_path / "course" / f"{slug}.py").write_text(f"class {name}:\n    pass\n")
    found = Found(tmp_path, write_class(tmp_path, Layout.FOLDERS, pupils, pack="zip"), course=course)
    answers = [one.submission for one in found.hand_ins if one.student.name == "A 1"]
    one, two = sorted(answers, key=lambda one: one.slug)
    assert (one.slug, one.source) == ("linear", None)
    assert ".ipynb: cell 3 can't be read by Python (line 1: invalid syntax)" in one.problem
    assert (two.slug, two.problem) == ("matmul", "")
    assert two.source is not None
    assert "class MatMul" in two.source
    assert "print" not in two.source
    (other,) = [one.submission for one in found.hand_ins if one.student.name == "B 2"]
    assert (other.slug, other.problem) == (
        "relu",
        "relu.ipynb is JSON, but no notebook; open it in Jupyter and save it again",
    )
    assert [line.why for line in found.unmatched if "homework" in line.place] == [
        "is not JSON, so it is no notebook; open it in Jupyter and save it again"
    ]
