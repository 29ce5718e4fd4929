"""The zip of feedback files for Canvas."""

from __future__ import annotations

import ast
import io
import zipfile

import nbformat
import pytest

from grader.classroom import Row
from grader.handback import canvas_feedback
from grader.handback.book import HandBackError
from tests.dashboard.samples import NASTY, FakeBook, columns, done, graded, one_student, result, sha
from tests.handback.readers import read_canvas_feedback_name

SOURCE = b"class ReLU:\n    pass\n"


def render(row: Row) -> tuple[str, bytes]:
    """Some report."""
    return "feedback.html", row.student.key.encode()


def unzipped(*rows: Row, results: dict[str, object] | None = None) -> tuple[dict[str, bytes], list[str]]:
    """The files of the zip, and what is said."""
    book = FakeBook(columns(3), rows, results, sources={sha("k"): SOURCE})  # type: ignore[arg-type]
    export = canvas_feedback.feedback_zip(book, render)
    with zipfile.ZipFile(io.BytesIO(b"".join(export.pieces))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}, export.notes


@pytest.mark.parametrize(
    ("ref", "ids"),
    [
        ("doejane_1234_98765_relu.py", (1234, 98765)),
        ("doejane_LATE_1234_98765_relu-1.py", (1234, 98765)),
        ("o_neil_1234_98765_my_123_relu.py", (1234, 98765)),
    ],
)
def test_a_file_keeps_its_name_and_goes_to_its_student(ref: str, ids: tuple[int, int]) -> None:
    failed = graded(result("relu", [False, True, True, True], "in_place"))
    files, notes = unzipped(one_student("Jane", done("relu", 7, "k", ref=ref)), results={"k": failed})

    assert list(files) == [ref]
    assert read_canvas_feedback_name(ref) == ids
    assert notes == []


def test_a_python_file_stays_one_with_the_feedback_above_the_own_source() -> None:
    hostile = graded(result("relu", [False] * 4, problem=f'"""\nimport os\n{NASTY}'))
    files, _ = unzipped(one_student("Jane", done("relu", 7, "k", ref="a_1_2_relu.py")), results={"k": hostile})
    text = files["a_1_2_relu.py"].decode()

    assert text.startswith("# ReLU: 7 of 10 points\n")
    assert text.endswith(SOURCE.decode())
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(SOURCE))


def test_a_notebook_stays_a_notebook_and_an_archive_an_archive() -> None:
    notebook = one_student("Jane", done("matmul", 7, ref="a_1_2_hw.ipynb"), done("linear", 3, ref="a_1_2_hw.ipynb"))
    archive = one_student("Bob", done("relu", 7, ref="b_3_4_hw.zip"), key="canvas:3")
    files, _ = unzipped(notebook, archive)

    read = nbformat.reads(files["a_1_2_hw.ipynb"].decode(), as_version=4)
    nbformat.validate(read)
    assert "Linear layer: 3 of 10 points" in read.cells[0].source
    with zipfile.ZipFile(io.BytesIO(files["b_3_4_hw.zip"])) as inner:
        assert inner.namelist() == ["feedback.html"]


@pytest.mark.parametrize("ref", ["", "relu.py", "../../x_1_2_relu.py", "x_1_2_a/b.py", "nothing_here.py"])
def test_a_name_that_canvas_did_not_give_is_left_out_and_counted(ref: str) -> None:
    bob = one_student("Bob", done("relu", 7, ref="b_3_4_relu.py"), key="canvas:3")
    files, notes = unzipped(one_student("Jane", done("relu", 7, ref=ref)), bob)

    assert list(files) == ["b_3_4_relu.py"]
    assert notes == ["1 student left out: no file of theirs has a name that Canvas gave it"]


def test_a_class_of_another_platform_is_one_line() -> None:
    with pytest.raises(HandBackError, match="no file in this gradebook has a name that Canvas gave it"):
        unzipped(one_student("Jane", done("relu", 7, ref="relu.py")))


def test_a_group_has_one_file_between_its_members() -> None:
    rows = [one_student(name, done("relu", 7, ref="team_1_2_relu.py"), key=f"canvas:{name}") for name in "ab"]

    assert list(unzipped(*rows)[0]) == ["team_1_2_relu.py"]
