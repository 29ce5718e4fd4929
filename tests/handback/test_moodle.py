"""The worksheet and the feedback files for Moodle, read back by the rules of its importers."""

from __future__ import annotations

import html
import io
import re
import zipfile

import msgspec
import pytest

from grader.classroom import CellState, Row
from grader.handback import moodle
from grader.handback.book import Export, HandBackError
from tests.dashboard.samples import FORMULAS, NASTY, FakeBook, cell, columns, done, graded, one_student, result, sha
from tests.handback.readers import begins_a_formula, php_csv, read_feedback_name, read_worksheet

HEADER = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Online text,Last modified (grade),Feedback comments"
)
LINES = (
    'Participant 101,Jane Doe,jane@example.org,"Submitted for grading",,10.00,Yes,"Monday, 3 March 2025, 9:00 AM",,-,',
    "Participant 102,=1+1,bob@example.org,Submitted,3.00,10.00,No,-,,-,by hand",
    'Participant 103,"O""Neil \\" Ann",ann@example.org,Submitted,,10.00,Yes,-,"<p id=\\"x\\">a, b""c\nline 2</p>",-,',
    "Participant 104,Nobody Here,nobody@example.org,No submission,5.00,10.00,Yes,-,,-,kept",
)
SHEET = ("\r\n".join([HEADER, *LINES]) + "\r\n").encode()


def student(number: int, *cells_: object, name: str = "Jane Doe", **ids: str) -> Row:
    """A participant of Moodle."""
    known = {"moodle_participant": str(number), **ids}
    return one_student(name, *cells_, key=f"moodle:{number}", **known)  # type: ignore[arg-type]


CLASS = FakeBook(
    columns(3)[2:],
    [student(101, done("relu", 8.456)), student(102, done("relu", 9)), student(103, cell("relu", CellState.WAITING))],
)


def written(export: Export) -> bytes:
    """All of an export."""
    return b"".join(export.pieces)


def test_the_grades_are_where_moodle_looks_for_them() -> None:
    export = moodle.worksheet(CLASS, moodle.Wanted(), SHEET)
    grades = {one.participant: (one.grade, one.feedback) for one in read_worksheet(written(export))}

    assert grades == {
        101: ("8.45", "ReLU: 8.45 of 10 points"),
        102: ("3.00", "by hand"),  # Moodle says that it can't be changed
        103: ("", ""),
        104: ("5.00", "kept"),
    }
    assert export.notes == [
        "1 score is not known yet and left blank (not graded); grade and export again",
        "left alone: 1 grade that can't be changed in Moodle",
        "left alone: 1 line of students who handed in nothing here",
    ]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_every_other_cell_keeps_its_bytes(mark: bytes, end: str) -> None:
    sheet = mark + (end.join([HEADER, *LINES]) + end).encode()
    after = written(moodle.worksheet(CLASS, moodle.Wanted(), sheet))

    expected = sheet.replace(
        b'grading",,10.00,Yes,"Monday, 3 March 2025, 9:00 AM",,-,',
        b'grading",8.45,10.00,Yes,"Monday, 3 March 2025, 9:00 AM",,-,"ReLU: 8.45 of 10 points"',
    )
    assert after == expected


def test_a_sheet_without_backslash_escapes_is_cut_as_it_was_written() -> None:
    line = 'Participant 101,Jane Doe,,Submitted,,10.00,Yes,-,"ends with \\",-,'
    after = written(moodle.worksheet(CLASS, moodle.Wanted(), f"{HEADER}\n{line}\n".encode()))

    assert (
        after.decode() == f"{HEADER}\n" + line.replace("Submitted,,", "Submitted,8.45,") + '"ReLU: 8.45 of 10 points"\n'
    )


def test_a_site_with_decimal_commas_gets_them() -> None:
    sheet = SHEET.replace(b"10.00", b'"10,00"')

    assert b',"8,45","10,00",' in written(moodle.worksheet(CLASS, moodle.Wanted(), sheet))


def test_a_site_in_another_language_is_filled_by_the_names_of_its_columns() -> None:
    sheet = SHEET.replace(b"Grade,Maximum Grade", b"Bewertung,Beste").replace(b"Feedback comments", b"Kommentar")
    with pytest.raises(HandBackError, match="--grade-column NAME"):
        moodle.worksheet(CLASS, moodle.Wanted(), sheet)

    wanted = moodle.Wanted(grade_column="Bewertung", feedback_column="Kommentar")
    rows = list(php_csv(written(moodle.worksheet(CLASS, wanted, sheet)).decode()))

    assert (rows[1][4], rows[1][10]) == ("8.45", "ReLU: 8.45 of 10 points")


def test_points_are_converted_on_demand_and_a_difference_is_said() -> None:
    sheet = SHEET.replace(b"10.00", b"100.00")

    assert moodle.worksheet(CLASS, moodle.Wanted(), sheet).notes[0].startswith("the worksheet has 100 points and ReLU")
    assert read_worksheet(written(moodle.worksheet(CLASS, moodle.Wanted(scale=True), sheet)))[0].grade == "84.56"


def test_a_total_is_given_only_when_it_is_complete() -> None:
    book = FakeBook(
        columns(2),
        [
            student(101, done("matmul", 4), done("linear", 5)),
            student(103, done("matmul", 4), cell("linear", CellState.UNGRADED)),
        ],
    )
    grades = {
        one.participant: one.grade for one in read_worksheet(written(moodle.worksheet(book, moodle.Wanted(), SHEET)))
    }
    narrowed = moodle.worksheet(book, moodle.Wanted(slug="matmul"), SHEET)

    assert (grades[101], grades[103]) == ("9", "")
    assert [one.grade for one in read_worksheet(written(narrowed))] == ["4", "3.00", "4", "5.00"]


def test_who_is_known_by_e_mail_only_is_found_and_a_contradiction_is_not_filled() -> None:
    by_mail = one_student("Jane", done("relu", 6), key="canvas:5", email="JANE@example.org")
    other = student(103, done("relu", 7), email="somebody.else@example.org")
    export = moodle.worksheet(FakeBook(columns(3)[2:], [by_mail, other]), moodle.Wanted(), SHEET)
    grades = {one.participant: one.grade for one in read_worksheet(written(export))}

    assert (grades[101], grades[103]) == ("6", "")
    assert "left alone: 1 line where number and e-mail address disagree" in export.notes


@pytest.mark.parametrize("message", [NASTY, 'a\\"b\\', "x;=1+1", *FORMULAS])
def test_a_hostile_message_stays_in_its_cell_and_is_no_markup_and_no_formula(message: str) -> None:
    outcome = result("relu", [False] * 4, problem=message)
    failed = msgspec.structs.replace(outcome.checks[0], message=message, title=message)
    outcome = msgspec.structs.replace(outcome, checks=(failed,))
    book = FakeBook(columns(3)[2:], [student(101, done("relu", 1, key="k"))], {"k": graded(outcome)})
    after = written(moodle.worksheet(book, moodle.Wanted(), SHEET))

    [first, *rest] = read_worksheet(after)
    assert [one.feedback for one in rest] == ["by hand", "", "kept"]
    assert [row[:4] for row in php_csv(after.decode())] == [row[:4] for row in php_csv(SHEET.decode())]
    assert re.findall(r"<(?!br>)", first.feedback) == []
    assert not [part for mark in ",;|\t" for part in first.feedback.split(mark) if begins_a_formula(part)]
    assert "not recognised" not in html.unescape(first.feedback)


@pytest.mark.parametrize("data", [b"", b"\xff\xff", b"Identifier,Grade\n", b"a,Grade\nb,c\n"])
def test_what_is_no_worksheet_is_one_line(data: bytes) -> None:
    with pytest.raises(HandBackError) as caught:
        moodle.worksheet(CLASS, moodle.Wanted(), data)

    assert "\n" not in str(caught.value)


# ---- feedback files ----


def unzipped(export: Export) -> dict[str, bytes]:
    """The files of a zip."""
    with zipfile.ZipFile(io.BytesIO(written(export))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def render(row: Row) -> tuple[str, bytes]:
    """Some feedback."""
    return "feedback.html", row.student.key.encode()


@pytest.mark.parametrize(
    ("ref", "folder"),
    [
        ("Jane Doe_101_assignsubmission_file", "Jane Doe_101_assignsubmission_file"),
        ("Jane Doe_101_assignsubmission_file_", "Jane Doe_101_assignsubmission_file_"),
        ("Zoë Ñandú_101_assignsubmission_file", "Zoë Ñandú_101_assignsubmission_file"),
        ("", "Jane Doe_101_assignsubmission_file"),
        ("../../etc_101_assignsubmission_file", "Jane Doe_101_assignsubmission_file"),
        (".hidden_101_assignsubmission_file", "Jane Doe_101_assignsubmission_file"),
        ("Other_999_assignsubmission_file", "Jane Doe_101_assignsubmission_file"),
    ],
)
def test_each_feedback_file_is_for_its_student(ref: str, folder: str) -> None:
    files = unzipped(moodle.feedback_zip(FakeBook(columns(3)[2:], [student(101, done("relu", 1, ref=ref))]), render))

    assert list(files) == [f"{folder}/feedback.html"]
    assert read_feedback_name(next(iter(files)), {101, 102}) == (101, "feedback.html")


def test_a_hostile_name_makes_no_other_path() -> None:
    rows = [student(at, done("relu", 1), name=f"../{NASTY}/..\\x_{at}") for at in (1, 2)]
    files = unzipped(moodle.feedback_zip(FakeBook(columns(3)[2:], rows), render))

    assert [read_feedback_name(name, {1, 2}) for name in files] == [(1, "feedback.html"), (2, "feedback.html")]
    assert all(name.count("/") == 1 and "\\" not in name and not name.startswith(".") for name in files)


def test_who_has_no_number_is_left_out_and_counted() -> None:
    known = student(101, done("relu", 1, sha("x")))
    export = moodle.feedback_zip(FakeBook(columns(3)[2:], [one_student("Jane", done("relu", 1)), known]), render)

    assert len(unzipped(export)) == 1
    assert export.notes == ["1 student left out: no participant number of Moodle is known of them"]


def test_a_class_of_another_platform_is_one_line() -> None:
    book = FakeBook(columns(3)[2:], [one_student("Jane", done("relu", 1))])
    with pytest.raises(HandBackError, match="nobody in this gradebook has a participant number"):
        written(moodle.feedback_zip(book, render))


def test_the_same_class_gives_the_same_zip() -> None:
    book = FakeBook(columns(3)[2:], [student(101, done("relu", 1, sha("x")))])

    assert written(moodle.feedback_zip(book, render)) == written(moodle.feedback_zip(book, render))
