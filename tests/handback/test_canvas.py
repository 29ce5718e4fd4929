"""The CSV for Canvas, read back by the rules of its importer."""

from __future__ import annotations

import csv
import io

import pytest

from grader.classroom import CellState
from grader.handback import canvas
from grader.handback.book import Export, HandBackError
from tests.dashboard.samples import FORMULAS, FakeBook, cell, columns, done, one_student
from tests.handback.readers import CanvasCourse, InvalidHeaderRowError, formulas, read_canvas

TEMPLATE = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Linear layer (4711),Essay (4712),ReLU (4713),Total Final Score\r\n"
    ",,,,,,Manual Posting,,\r\n"
    "    Points Possible,,,,,10,5,20,(read only)\r\n"
    '"Doe, Jane",1234,S0001,jdoe,PyTorch-01,3,4,EX,50\r\n'
    '"Ñandú, Zoë",1235,S0002,zoe,PyTorch-01,,4,7,50\r\n'
    '"Late, Only",1236,S0003,late@example.org,PyTorch-01,,,,\r\n'
    '"Student, Test",99,,test,PyTorch-01,,,,\r\n'
)
COURSE = CanvasCourse(
    assignments={4711: "Linear layer", 4712: "Essay", 4713: "ReLU"},
    students={1234: "Jane Doe", 1235: "Zoë Ñandú", 1236: "Only Late", 99: "Test Student"},
    logins={"jdoe": 1234},
)


def book(*rows: object) -> FakeBook:
    """A class with linear and relu."""
    made = columns(3)[1:]
    return FakeBook(made, rows)  # type: ignore[arg-type]


def written(export: Export) -> bytes:
    """All of an export."""
    return b"".join(export.pieces)


CLASS = book(
    one_student("Jane Doe", done("linear", 8.456), done("relu", 5), key="canvas:1234"),
    one_student("Zoë Ñandú", cell("linear", CellState.WAITING), done("relu", 9.5), key="canvas:1235"),
)


def test_a_template_comes_back_with_its_students_and_our_points() -> None:
    export = canvas.export(CLASS, canvas.Wanted(), TEMPLATE.encode("utf-8-sig"))
    found = read_canvas(written(export), COURSE)

    assert found.new_assignments == found.new_students == []
    assert found.points == {4711: "10", 4713: "20"}
    assert found.grades == {
        (1234, 4711): "8.45",
        (1234, 4713): "EX",  # excused by a person
        (1235, 4711): "",
        (1235, 4713): "9.5",
        (1236, 4711): "",
        (1236, 4713): "",
        (99, 4711): "",
        (99, 4713): "",
    }


def test_it_says_what_is_left_blank_who_is_missing_and_where_the_points_differ() -> None:
    jane, zoe = CLASS.rows()
    stranger = one_student("Nobody Here", done("linear", 1), done("relu", 1), key="canvas:77")
    export = canvas.export(book(jane, zoe, stranger), canvas.Wanted(), TEMPLATE.encode())
    written(export)

    assert export.notes == [
        "ReLU (4713) has 20 points and ReLU has 10 points here; nothing is converted: add --scale to do so",
        "1 score is not known yet and left blank (not graded); grade and export again",
        "not in the template, so left out: 1 student (Nobody Here)",
        "2 students of the template handed in nothing here and keep what they have",
    ]


def test_a_grade_that_we_do_not_have_never_removes_the_one_that_is_there() -> None:
    waiting = one_student("Jane Doe", cell("linear", CellState.WAITING), done("relu", 5), key="canvas:1234")
    export = canvas.export(book(waiting), canvas.Wanted(), TEMPLATE.encode())

    # Canvas takes an empty cell for "no grade any more".
    assert read_canvas(written(export), COURSE).grades[1234, 4711] == "3"


def test_points_are_converted_on_demand() -> None:
    export = canvas.export(CLASS, canvas.Wanted(scale=True), TEMPLATE.encode())

    assert read_canvas(written(export), COURSE).grades[1235, 4713] == "19"
    assert not any("--scale" in note for note in export.notes)


@pytest.mark.parametrize("named", ["4713", "ReLU", "ReLU (4713)", "relu"])
def test_a_column_is_named_by_id_title_or_header(named: str) -> None:
    wanted = canvas.Wanted(named={"linear": named})
    found = read_canvas(written(canvas.export(CLASS, wanted, TEMPLATE.encode())), COURSE)

    assert found.points == {4713: "20"}
    assert found.grades[1234, 4713] == "EX"


def test_the_total_goes_into_a_column_only_when_complete() -> None:
    wanted = canvas.Wanted(named={"": "Essay"})
    found = read_canvas(written(canvas.export(CLASS, wanted, TEMPLATE.encode())), COURSE)

    assert (found.grades[1234, 4712], found.grades[1235, 4712]) == ("13.45", "4")


def test_a_student_is_found_by_a_login_but_never_by_the_name_or_a_github_login() -> None:
    rows = [
        one_student("Whoever", done("linear", 1), key="folder:a", canvas_user="", username="JDOE"),
        one_student("Zoë Ñandú", done("linear", 2), key="folder:b", canvas_user=""),
        one_student("X", done("linear", 3), key="github:late", canvas_user="", github_login="late@example.org"),
    ]
    export = canvas.export(FakeBook(columns(2)[1:], rows), canvas.Wanted(), TEMPLATE.encode())
    found = read_canvas(written(export), COURSE)

    assert (found.grades[1234, 4711], found.grades[1235, 4711], found.grades[1236, 4711]) == ("1", "", "")


def test_two_students_with_one_login_get_nothing() -> None:
    rows = [
        one_student(name, done("linear", 1), key=f"folder:{name}", canvas_user="", username="jdoe") for name in "ab"
    ]
    rows.append(one_student("Zoe", done("linear", 2), key="canvas:1235", canvas_user="1235"))
    export = canvas.export(FakeBook(columns(2)[1:], rows), canvas.Wanted(), TEMPLATE.encode())

    assert read_canvas(written(export), COURSE).grades[1234, 4711] == "3"


@pytest.mark.parametrize(
    ("template", "said"), [(None, "has a Canvas user id"), (TEMPLATE.encode(), "is in the template")]
)
def test_a_class_of_another_platform_is_one_line(template: bytes | None, said: str) -> None:
    rows = [one_student("Ana", done("linear", 1), key="folder:Ana", canvas_user="")]
    with pytest.raises(HandBackError, match=f"nobody in this gradebook {said}"):
        written(canvas.export(FakeBook(columns(2)[1:], rows), canvas.Wanted(), template))


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_decimal_comma_and_a_semicolon_are_read_as_they_are_meant(delimiter: str) -> None:
    rows = csv.reader(io.StringIO(TEMPLATE))
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    export = canvas.export(CLASS, canvas.Wanted(decimal_comma=True), buffer.getvalue().encode())
    data = written(export)

    assert "8,45" in data.decode()
    assert read_canvas(data, COURSE).grades[1234, 4711] == "8.45"


def test_without_a_template_it_is_made_from_the_ids() -> None:
    nameless = one_student("=1+1", done("linear", 7), done("relu", 7), key="folder:x", canvas_user="")
    export = canvas.export(book(*CLASS.rows(), nameless), canvas.Wanted(named={"linear": "4711", "relu": "ReLU"}))
    found = read_canvas(written(export), COURSE)

    assert found.new_assignments == found.new_students == []
    assert found.grades[1234, 4711] == "8.45"
    assert found.grades[1235, 4711] == ""
    assert export.notes[0].startswith("1 student without a Canvas user id left out: =1+1;")
    assert "not graded" in export.notes[1]
    assert "Canvas makes new assignments of titles that it does not have: ReLU" in export.notes[2]


@pytest.mark.parametrize("comma", [False, True])
def test_hostile_names_are_no_formulas_and_no_columns(comma: bool) -> None:
    rows = [
        one_student(name, done("linear", 1.5), done("relu", 1), key=f"canvas:{at}") for at, name in enumerate(FORMULAS)
    ]
    data = written(canvas.export(book(*rows), canvas.Wanted(named={"linear": "4711"}, decimal_comma=comma)))
    found = read_canvas(data, CanvasCourse({4711: "x"}, dict.fromkeys(range(len(FORMULAS)), "x")))

    assert formulas(data) == []
    assert found.grades == {(at, 4711): "1.5" for at in range(len(FORMULAS))}


@pytest.mark.parametrize(
    ("data", "wanted", "said"),
    [
        (b"", canvas.Wanted(), "first line"),
        (b"Name,Points\na,1\n", canvas.Wanted(), "first line"),
        (b"\xff\xfe\x00", canvas.Wanted(), "not UTF-8"),
        (TEMPLATE.encode(), canvas.Wanted(named={"linear": "99"}), "no column '99'"),
        (TEMPLATE.encode(), canvas.Wanted(named={"linear": "Total Final Score"}), "no column 'Total Final Score'"),
        (TEMPLATE.encode(), canvas.Wanted(named={"linear": "4711", "relu": "4711"}), "is to hold both"),
        (TEMPLATE.encode(), canvas.Wanted(named={"nothing": "4711"}), "no exercise of this gradebook"),
        (TEMPLATE.replace("ReLU", "A").replace("Linear layer", "B").encode(), canvas.Wanted(), "say which with --map"),
        (TEMPLATE.replace("Essay", "ReLU").encode(), canvas.Wanted(), "fits several columns"),
    ],
)
def test_what_can_not_be_meant_is_one_line(data: bytes, wanted: canvas.Wanted, said: str) -> None:
    with pytest.raises(HandBackError) as caught:
        written(canvas.export(CLASS, wanted, data))

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_reader_refuses_what_canvas_refuses() -> None:
    with pytest.raises(InvalidHeaderRowError):
        read_canvas(b"Student,Name,Section,A\n", COURSE)
