"""`grade export` as an instructor calls it, on a real gradebook."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from grader import cli
from grader.dashboard import html
from grader.dashboard.fill import fill
from grader.gradebook import Gradebook
from grader.handback import moodle
from grader.handback.reports import Written, write_reports
from tests.dashboard.samples import sample_gradebook
from tests.handback.readers import CanvasCourse, read_canvas, read_worksheet

WORKSHEET = "Identifier,Full name,Grade,Maximum Grade,Last modified (grade),Feedback comments\n" + "".join(
    f"Participant {number},S,,10.00,-,\n" for number in range(12)
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a gradebook."""
    folder = tmp_path_factory.mktemp("class")
    sample_gradebook(folder).close()
    return folder


def export(*args: object) -> Result:
    """Call it."""
    result = CliRunner().invoke(cli.main, ["export", *map(str, args)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def test_the_formats_that_are_text_go_to_stdout_or_into_a_file(place: Path, tmp_path: Path) -> None:
    for name in ("csv", "json", "junit", "canvas"):
        direct = export(name, "--gradebook", place)
        filed = export(name, "--gradebook", place, "--out", tmp_path / name)
        assert (direct.exit_code, filed.exit_code) == (0, 0)
        assert (tmp_path / name).read_bytes() == direct.stdout_bytes
        assert filed.stdout == ""


def test_the_scores_are_the_same_in_every_format(place: Path, tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text(WORKSHEET)
    with Gradebook.open(place, read_only=True) as book:
        rows = {row.student.key: row for row in book.rows()}
    table = export("csv", "--gradebook", place).stdout_bytes.decode("utf-8-sig")
    plain = {line["key"]: line["relu"] for line in csv.DictReader(io.StringIO(table))}
    canvas = read_canvas(
        export("canvas", "--gradebook", place, "--map", "relu=4711").stdout_bytes,
        CanvasCourse({4711: "ReLU"}, {1000 + number: "x" for number in range(12)}),
    )
    filled = export("moodle", "--gradebook", place, "--worksheet", tmp_path / "sheet.csv", "--exercise", "relu")
    sheet = {one.participant: one.grade for one in read_worksheet(filled.stdout_bytes)}
    whole = json.loads(export("json", "--gradebook", place).stdout)

    blank = 0
    for key, row in rows.items():
        points = next(cell.points for cell in row.cells if cell.slug == "relu")
        number = int(key.removeprefix("canvas:"))
        assert plain[key] == ("" if points is None else f"{points:g}")
        if number >= 1000:
            assert canvas.grades[number, 4711] == sheet[number - 1000] == plain[key]
        blank += points is None
    assert blank == 1
    assert plain["canvas:1003"] == "8"
    assert [one["row"]["student"]["key"] for one in whole["students"]] == list(rows)
    assert "1 score is not known yet and left blank" in export("csv", "--gradebook", place).stderr


def test_gradescope_has_results_of_those_who_are_graded(place: Path, tmp_path: Path) -> None:
    result = export("gradescope", "--gradebook", place, "--out", tmp_path / "a.zip")
    assert result.exit_code == 0, result.output
    with Gradebook.open(place, read_only=True) as book:
        totals = sorted(row.total for row in book.rows() if row.complete)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        written = [json.loads(archive.read(name)) for name in archive.namelist()]

    assert sorted(one["score"] for one in written) == totals
    assert len(totals) == 12
    # A hidden row would hide the total from students, and the sum of the rows is before lateness.
    assert all(test["visibility"] == "visible" for one in written for test in one["tests"])


def test_the_zips_hold_a_file_for_each_student(place: Path, tmp_path: Path) -> None:
    for name, more in (("moodle-feedback", ("--feedback", "text")), ("moodle-feedback", ()), ("canvas-feedback", ())):
        result = export(name, "--gradebook", place, "--out", tmp_path / "a.zip", *more)
        assert result.exit_code == 0, result.output
        with zipfile.ZipFile(tmp_path / "a.zip") as archive:
            names = archive.namelist()
        assert len(names) == (12 if name == "moodle-feedback" else 35)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["canvas-feedback"], "is a zip; say where it goes with --out FILE.zip"),
        (["moodle"], "--worksheet FILE"),
        (["csv", "--template", "x.csv"], "--template is for canvas, not for csv"),
        (["canvas", "--exercise", "relu"], "--exercise is for moodle, not for canvas"),
        (["csv", "--out", "/no/such/folder/x.csv"], "there is no such folder"),
        (["csv", "--out", "relu.py"], "looks like a file of another kind"),
        (["canvas", "--map", "relu"], "write SLUG=COLUMN"),
        (["canvas", "--map", "nothing=4"], "no exercise of this gradebook is called 'nothing'"),
        (["canvas", "--template", "/no/such.csv"], "can't be read"),
    ],
)
def test_what_can_not_be_meant_is_one_line(args: list[str], said: str, place: Path) -> None:
    result = export(*args, "--gradebook", place)

    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_gradebook_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    result = export("csv", "--gradebook", tmp_path)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_an_export_that_fails_leaves_the_old_file(place: Path, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old")
    (tmp_path / "bad.csv").write_text("Student,ID,Section,Essay\n")
    result = export("canvas", "--gradebook", place, "--template", tmp_path / "bad.csv", "--out", tmp_path / "out.csv")

    assert result.exit_code == 2
    assert [path.name for path in tmp_path.iterdir() if path.name != "bad.csv"] == ["out.csv"]
    assert (tmp_path / "out.csv").read_text() == "old"


def test_reports_and_class_page_of_a_real_gradebook_agree(place: Path, tmp_path: Path) -> None:
    with Gradebook.open(place, read_only=True) as book:
        assert write_reports(book, tmp_path) == Written(written=13, unchanged=0)
        assert write_reports(book, tmp_path) == Written(written=0, unchanged=13)
        assert html.write(book, tmp_path) == tmp_path / "index.html"
        page = fill(book)
        assert moodle.feedback_zip(book, lambda row: ("x", b"")).notes == []

    assert {row.href for row in page.rows} == {f"reports/{path.name}" for path in (tmp_path / "reports").iterdir()}
    assert [listing.title for listing in page.listings] == [
        "Files of nobody or for no exercise (1)",
        "Refused (1)",
        "Adjusted by hand (1)",
        "Late (9)",
    ]
