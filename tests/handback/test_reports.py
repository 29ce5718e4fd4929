"""One report for each student: names of files, what is in them, and that only what changed is written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from grader.classroom import Adjustment, CellState, Graded, Student
from grader.handback import names, reports
from grader.handback.book import graded_of, with_results
from grader.model import Level
from tests.dashboard.samples import DUE, NASTY, FakeBook, cell, columns, done, graded, one_student, result, sample_class
from tests.report.test_html import Parser


def text_of(page: bytes) -> str:
    """What a reader can read."""
    return re.sub(r"\s+", " ", "".join(Parser(page.decode()).text))


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Ana-María Perelló", "ana-maria-perello"),
        ("../../etc/passwd", "etc-passwd"),
        ("学生", "student"),
        ("", "student"),
        ("CON", "con-"),
        ("a" * 300, "a" * 40),
        ("x\0\n.html", "x-html"),
        ("<script>", "script"),
    ],
)
def test_the_name_of_a_file_is_plain_and_short(name: str, stem: str) -> None:
    made = names.file_stem(Student(key="k", name=name))

    assert made == f"{stem}-{names.tag('k')}"
    assert re.fullmatch(r"[a-z0-9-]{1,60}", made)


def test_two_students_of_one_name_have_two_files() -> None:
    assert len({names.file_stem(Student(key=key, name="Jane Doe")) for key in ("a", "b", "A", "é", "\ud800")}) == 5


def test_only_what_changed_is_written_again(tmp_path: Path) -> None:
    book = sample_class(8)
    assert reports.write_reports(book, tmp_path) == reports.Written(written=8, unchanged=0)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / reports.FOLDER).iterdir()}
    assert reports.write_reports(book, tmp_path) == reports.Written(written=0, unchanged=8)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / reports.FOLDER).iterdir()} == before

    first, *rest = book.rows()
    decided = Adjustment(points=1.0, why="agreed", who="t", at=DUE)
    changed = msgspec.structs.replace(
        first, cells=(msgspec.structs.replace(first.cells[0], adjustment=decided), *first.cells[1:])
    )
    book._rows = [changed, *rest]
    assert reports.write_reports(book, tmp_path) == reports.Written(written=1, unchanged=7)
    assert "agreed" in text_of((tmp_path / reports.FOLDER / reports.file_name(changed)).read_bytes())


def test_only_the_students_that_are_named_are_written(tmp_path: Path) -> None:
    book = sample_class(5)
    [first, *_] = book.rows()

    assert reports.write_reports(book, tmp_path, [first.student.key]).written == 1
    assert [path.name for path in (tmp_path / reports.FOLDER).iterdir()] == [reports.file_name(first)]


def test_a_student_whose_name_was_corrected_has_one_report(tmp_path: Path) -> None:
    (tmp_path / reports.FOLDER).mkdir()
    (tmp_path / reports.FOLDER / "somebody-elses.html").write_text("mine")
    for name in ("Jnae Doe", "Jane Doe"):
        reports.write_reports(FakeBook(columns(1), [one_student(name, done("matmul", 4))]), tmp_path)

    assert sorted(path.name for path in (tmp_path / reports.FOLDER).iterdir()) == [
        f"jane-doe-{names.tag('canvas:1')}.html",
        "somebody-elses.html",
    ]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights on Windows")
def test_a_link_in_the_folder_is_replaced_and_not_followed(tmp_path: Path) -> None:
    [row] = (book := FakeBook(columns(1), [one_student("Jane", done("matmul", 4))])).rows()
    (tmp_path / "target").write_text("untouched")
    (tmp_path / reports.FOLDER).mkdir()
    (tmp_path / reports.FOLDER / reports.file_name(row)).symlink_to(tmp_path / "target")
    reports.write_reports(book, tmp_path)

    assert (tmp_path / "target").read_text() == "untouched"


def test_the_report_says_what_counts_and_why() -> None:
    outcome = result("matmul", [True, True, True, False], "swapped_gradients")
    late = done("matmul", 7.2, "k", score=8.0, late_s=93_600.0, percent_off=10.0, attempt=2, status=outcome.status)
    assert late.counted is not None
    first = msgspec.structs.replace(late.counted, attempt=1, submission_id=1, score=2.0, late_s=0.0, percent_off=0.0)
    late = msgspec.structs.replace(late, attempts=(first, late.counted))
    decided = Adjustment(points=8.0, why="handed in on paper", who="tutor@example.org", at=DUE)
    cells = (
        late,
        msgspec.structs.replace(done("linear", 8), adjustment=decided),
        cell("relu"),
        cell("sequential", CellState.REFUSED, why="the archive holds a path that leads outside"),
        cell("cross_entropy", CellState.WAITING),
        cell("sgd", CellState.UNGRADED),
    )
    book = FakeBook(columns(6, due=DUE), [one_student("Jane Doe", *cells)], {"k": graded(outcome)})
    [row] = book.rows()
    text = text_of(reports.render(book, row))

    for said in (
        "Jane Doe · Deep learning from scratch · Score report",
        "15.2 of 40 points",
        "6 exercises: 1 passed, 1 not passed yet, 1 not handed in, 1 could not be read, 2 not graded yet",
        "Late by 1 day 2 hours (due 1 March 2026, 12:00 UTC): 10 % off 8 of 10 points.",
        "Set to 8 points by hand: handed in on paper",
        "Nothing handed in.",
        "Handed in, but could not be read: the archive holds a path that leads outside.",
        "Not graded yet: the grader failed here, and it costs nothing.",
        "What is not graded yet is left out of the total.",
        "2 attempts",
        "this one counts",
        "This looks like: swapped gradients",
    ):
        assert said in text
    # Inputs that come again must not be known beforehand, and whom to write to is for the course to say.
    assert "seed" not in text.lower()
    assert "tutor@example.org" not in text


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    book = sample_class(3)
    last = reports.file_name(list(book.rows())[-1])
    (tmp_path / "reports" / last).mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        reports.write_reports(book, tmp_path)
    assert not list((tmp_path / "reports").glob("*.part"))


def test_the_isolation_of_a_report_is_the_weakest_of_its_results() -> None:
    cells = (done("matmul", 4, "a"), done("linear", 4, "b"))
    results = {
        "a": graded(result("matmul", [True] * 4)),
        "b": graded(result("linear", [True] * 4), isolation="process"),
    }
    book = FakeBook(columns(2), [one_student("J", *cells)], results)
    [row] = book.rows()

    assert reports.report_of(book, row).isolation.level is Level.PROCESS
    results["b"] = graded(result("linear", [True] * 4), isolation="something new")
    assert reports.report_of(book, row).isolation.level is Level.NONE


def test_a_hostile_class_makes_no_markup() -> None:
    book = FakeBook(
        columns(1),
        [one_student(NASTY, cell("matmul", CellState.REFUSED, why=NASTY))],
        title=NASTY,
    )
    [row] = book.rows()
    parser = Parser(reports.render(book, row).decode())

    assert not {"img", "script"} & {tag for tag, _ in parser.tags}
    assert not [name for _, attributes in parser.tags for name in attributes if name.startswith("on")]


def test_results_are_read_for_many_students_at_once() -> None:
    book = sample_class(50)
    asked: list[list[str]] = []
    read = book.results

    def results(keys: Iterable[str]) -> dict[str, Graded]:
        asked.append(list(keys))
        return read(asked[-1])

    book.results = results  # type: ignore[method-assign]
    found = [(row.student.key, graded) for row, graded in with_results(book)]
    assert len(asked) == 3
    assert found == [(row.student.key, graded_of(book, row)) for row in book.rows()]
    assert any(graded for _, graded in found)


def test_what_waits_has_no_result() -> None:
    book = sample_class(1)
    assert graded_of(book, one_student("Ada", cell("relu", CellState.WAITING))) == {}


def test_nobody_finds_a_name_whose_report_is_called_as_anothers() -> None:
    assert len(names.tag("folder:jane")) == 16
