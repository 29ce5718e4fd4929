"""The plain table, the class file, JUnit, and results for Gradescope."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest
from lxml import etree

from grader.classroom import Adjustment, CellState
from grader.handback import classfile, gradescope_zip, junit, plain
from grader.handback.book import Export
from grader.model import Outcome, Report
from tests.dashboard.samples import (
    FORMULAS,
    NASTY,
    FakeBook,
    cell,
    columns,
    done,
    graded,
    one_student,
    result,
    sample_class,
)
from tests.handback.readers import formulas

ADJUSTED = Adjustment(points=8.0, why="on paper", who="tutor", at="2026-03-03T09:00:00+00:00")
UNREADABLE = "\ud800\x00\x1b[31m\ufffe]]>&lt;"


def written(export: Export) -> bytes:
    """All of an export."""
    return b"".join(export.pieces)


# ---- csv ----


@pytest.mark.parametrize("comma", [False, True])
def test_the_table_has_one_line_for_each_student_and_blanks_for_what_is_not_known(comma: bool) -> None:
    book = sample_class(60)
    export = plain.export(book, decimal_comma=comma)
    text = written(export).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if comma else ","))

    rows = list(book.rows())
    assert [line["key"] for line in lines] == [row.student.key for row in rows]
    unknown = 0
    for line, row in zip(lines, rows, strict=True):
        for one in row.cells:
            shown = line[one.slug].replace(",", ".")
            assert (shown == "") == (one.points is None)
            assert shown == "" or float(shown) == pytest.approx(one.points, abs=0.01)
            unknown += one.points is None
        assert (line["total"] == "") == (not row.complete)
    assert unknown > 0
    assert export.notes == [f"{unknown} scores are not known yet and left blank (not graded); grade and export again"]


def test_the_state_of_a_cell_is_told() -> None:
    cells = (
        done("matmul", 4, late_s=60.0, percent_off=10.0),
        msgspec.structs.replace(done("linear", 8), adjustment=ADJUSTED),
        cell("relu", CellState.REFUSED),
    )
    [line] = csv.DictReader(
        io.StringIO(written(plain.export(FakeBook(columns(3), [one_student("J", *cells)]))).decode())
    )

    assert [line[f"{slug} state"] for slug in ("matmul", "linear", "relu")] == [
        "graded late",
        "graded adjusted",
        "refused",
    ]


def test_no_name_in_the_table_is_a_formula() -> None:
    rows = [one_student(name, done("matmul", 4), key=f"x:{name}", email=name) for name in FORMULAS]

    assert formulas(written(plain.export(FakeBook(columns(1), rows)))) == []


# ---- json ----


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    published = json.loads(classfile.PUBLISHED.read_bytes())
    jsonschema.Draft202012Validator.check_schema(published)
    return jsonschema.Draft202012Validator(published)


def test_the_published_schema_is_that_of_the_nouns() -> None:
    assert classfile.PUBLISHED.read_bytes() == classfile.schema(), "run: python -m grader.handback.classfile"


@pytest.mark.parametrize("students", [0, 1, 40])
def test_the_class_file_obeys_the_schema_and_has_everything(
    students: int, validator: jsonschema.Draft202012Validator
) -> None:
    book = sample_class(students) if students else FakeBook(columns(2), [])
    data = written(classfile.export(book))
    validator.validate(json.loads(data))

    read = msgspec.json.decode(data, type=classfile.ClassFile)
    assert read.columns == book.columns
    assert [one.row for one in read.students] == list(book.rows())
    assert read.unmatched == tuple(book.unmatched())
    assert read.policy["attempt"] == "last"
    for one in read.students:
        for made in one.row.cells:
            if made.state is CellState.GRADED and made.counted is not None:
                assert one.results[made.slug] == book.results([made.counted.key])[made.counted.key]


def test_texts_that_utf_8_can_not_hold_make_no_broken_file() -> None:
    rows = [one_student(UNREADABLE, done("matmul", 4), key="x\ud800")]
    read = json.loads(written(classfile.export(FakeBook(columns(1), rows, title=UNREADABLE))).decode())

    assert read["students"][0]["row"]["student"]["name"].startswith("\N{REPLACEMENT CHARACTER}\0")


# ---- junit ----


@pytest.fixture(scope="module")
def junit_schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(Path(__file__).with_name("junit.xsd")))


def read_junit(data: bytes) -> etree._Element:
    """Read a file of somebody else: no entities, no network."""
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def test_the_junit_file_obeys_the_schema_and_counts_right(junit_schema: etree.XMLSchema) -> None:
    book = sample_class(40)
    root = read_junit(written(junit.export(book)))
    junit_schema.assertValid(root)

    assert [suite.get("name") for suite in root] == [row.student.name for row in book.rows()]
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(attribute) == str(sum(case.find(tag) is not None for case in cases))


def test_each_state_and_outcome_is_told_by_what_build_servers_know(junit_schema: etree.XMLSchema) -> None:
    outcome = result("matmul", [False] * 4)
    made = [Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED, Outcome.INTERNAL_ERROR]
    checks = tuple(msgspec.structs.replace(c, outcome=o) for c, o in zip(outcome.checks, made, strict=True))
    outcome = msgspec.structs.replace(outcome, checks=checks)
    cells = (
        done("matmul", 3, "k"),
        cell("linear", CellState.MISSING),
        cell("relu", CellState.REFUSED, why="a zip bomb"),
        cell("sequential", CellState.WAITING),
        cell("cross_entropy", CellState.UNGRADED),
    )
    root = read_junit(written(junit.export(FakeBook(columns(5), [one_student("J", *cells)], {"k": graded(outcome)}))))
    junit_schema.assertValid(root)

    told = [[child.tag for child in case] for case in root.iter("testcase")]
    assert told == [[], ["failure"], ["skipped"], ["error"], ["skipped"], ["failure"], ["skipped"], ["error"]]
    properties = {one.get("name"): one.get("value") for one in root.iter("property")}
    assert properties == {"student": "canvas:1", "points.matmul": "3", "points.linear": "0", "points.relu": "0"}


@pytest.mark.parametrize("text", [NASTY, UNREADABLE])
def test_hostile_text_is_text(text: str, junit_schema: etree.XMLSchema) -> None:
    outcome = result("matmul", [False] * 4)
    failed = msgspec.structs.replace(outcome.checks[0], message=text, title=text)
    outcome = msgspec.structs.replace(outcome, checks=(failed,))
    book = FakeBook(columns(1), [one_student(text, done("matmul", 3, "k"))], {"k": graded(outcome)}, title=text)
    root = read_junit(written(junit.export(book)))
    junit_schema.assertValid(root)

    assert len(root) == len(root[0].findall("testcase")) == 1


# ---- gradescope ----


def test_who_is_not_fully_graded_has_no_results_for_gradescope() -> None:
    def results(report: Report) -> dict[str, Any]:
        return {"score": report.score, "tests": [], "output": ""}

    late = done("matmul", 4, "k", ref="submission_123", score=5.0)
    rows = [
        one_student("Jane", msgspec.structs.replace(late, points=4.5), key="gradescope:1"),
        one_student("Bob", cell("matmul", CellState.UNGRADED), key="gradescope:2"),
        one_student("=x/../y", done("matmul", 2), key="gradescope:3"),
    ]
    rows[0] = msgspec.structs.replace(rows[0], total=4.5)
    export = gradescope_zip.results_zip(FakeBook(columns(1), rows), results)
    with zipfile.ZipFile(io.BytesIO(written(export))) as archive:
        names = archive.namelist()
        first = json.loads(archive.read("submission_123/results.json"))

    assert len(names) == 2
    assert all(name.count("/") == 1 and not name.startswith((".", "=")) for name in names)
    assert (first["score"], first["output"]) == (4.5, "4.5 of 10 points.")
    assert export.notes[0].startswith("1 score is not known yet")
