"""JUnit files: what they say, whatever is in them, and that build servers take them."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from grader.junit import Case, Suite, document, pieces
from grader.proof.ci import junit
from tests.test_cli_check import PROOF

SUITE = Suite(
    name="relu",
    properties=(("points", "3"),),
    cases=(
        Case(group="relu", name="a"),
        Case(group="relu", name="b", state="failure", message="why\x00\x1b[1m", details="more\ud800", type="failed"),
        Case(group="relu", name="c", state="error", message="ours"),
        Case(group="relu", name="d", state="skipped", message="later", time_s=1234.5678),
    ),
)


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(Path(__file__).parent / "handback" / "junit.xsd"))


def test_a_document_counts_what_is_in_it(schema: etree.XMLSchema) -> None:
    root = etree.fromstring(document("class", [SUITE, SUITE], time_s=2.0))
    schema.assertValid(root)

    assert dict(root.items()) == {"name": "class", "tests": "8", "failures": "2", "errors": "2", "time": "2.000"}
    assert root[0].get("skipped") == "1"
    assert [one.get("message") for one in root[0].iter("failure")] == ["why\ufffd\ufffd[1m"]


def test_pieces_come_one_by_one_and_make_the_same_suites(schema: etree.XMLSchema) -> None:
    stream = pieces('a <&"> b', (SUITE for _ in range(3)))
    assert next(stream).startswith(b"<?xml")
    root = etree.fromstring(b"".join(pieces('a <&"> b', (SUITE for _ in range(3)))))
    schema.assertValid(root)

    assert (root.get("name"), len(root)) == ('a <&"> b', 3)


def test_no_suite_is_a_file_as_well(schema: etree.XMLSchema) -> None:
    schema.assertValid(etree.fromstring(b"".join(pieces("empty", ()))))


def test_what_grade_check_writes_is_taken_too(schema: etree.XMLSchema) -> None:
    schema.assertValid(etree.fromstring(junit(PROOF)))


def test_the_schema_refuses_what_build_servers_refuse(schema: etree.XMLSchema) -> None:
    for wrong in (
        b"<testsuites skipped='1'/>",
        b"<testsuites><testsuite name='a'/></testsuites>",
        b"<testsuite name='a' tests='1' failures='0' errors='0'><testcase name='a'><properties/></testcase>"
        b"</testsuite>",
        b"<testsuite name='a' tests='1' failures='0' errors='0' time='1,5'/>",
    ):
        assert not schema.validate(etree.fromstring(wrong))
