"""The class page as a file."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from grader.dashboard import html
from grader.dashboard.fill import fill
from grader.report.html import base_css
from tests.dashboard.samples import NASTY, FakeBook, columns, done, one_student, sample_class


def policy_of(page: str) -> str:
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert found is not None
    return found[1].replace("&#39;", "'")


def hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_the_style_and_the_script_to_the_letter_and_nothing_else() -> None:
    page = html.render(fill(sample_class(5)))
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    [script] = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)

    assert policy_of(page) == (
        f"default-src 'none'; style-src {hash_of(style)}; script-src {hash_of(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"\sstyle=|\son\w+=|https?://", page.replace(style, "").replace(script, ""))


def test_it_shares_the_colours_of_the_report() -> None:
    page = html.render(fill(sample_class(2)))

    assert base_css() in page
    assert "#" not in re.sub(
        r"#[a-z][\w-]*", "", (Path(html.__file__).parent / "templates/dashboard.css").read_text()
    ).replace("#ffffff", "")


def test_a_hostile_name_is_text() -> None:
    page = html.render(fill(FakeBook(columns(1), [one_student(NASTY, done("matmul", 3))], title=NASTY)))

    assert page.count("<script>") == 1
    assert "<img" not in page


def test_three_thousand_students_are_a_file_of_a_few_megabytes() -> None:
    assert len(html.render(fill(sample_class(3000))).encode()) < 4_000_000


def test_the_same_class_gives_the_same_file(tmp_path: Path) -> None:
    first = html.write(sample_class(5), tmp_path).read_bytes()

    assert html.write(sample_class(5), tmp_path).read_bytes() == first
    assert "2 March 2026, 08:00 UTC" in first.decode()
