"""The page, the record and the command, on a small class; in a real browser too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from grader.classroom import Column, HandIn, Student
from grader.cli import main
from grader.commands import similarity
from grader.commands.common import Exit
from grader.course import Course
from grader.gradebook import Gradebook
from grader.policy import Policy
from grader.submission import read
from tests.course_files import ROOT
from tests.similarity.classes import FakeBook, book_of, made_up, plant

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NASTY = "<img src=x onerror=alert(1)>\u202e\"'&amp;</style><script>alert(2)</script>" + "W" * 200


@cache
def course() -> Course:
    return Course.load(ROOT)


def hostile() -> FakeBook:
    """Everything that a student can choose is nasty."""
    line = f"# {NASTY}\nvalue = '''{NASTY}'''\ndef f(x):\n    return x.exp().log().sin().cos().tan().sum()\t\n"
    works: dict[str, dict[str, str | bytes]] = {
        f"{NASTY}{n}": {"relu": line, "sgd": "x = (\n" + line + "\udcff" * 3} for n in range(2)
    }
    works |= {f"s{n}": {"relu": f"y = {n}\n", "sgd": b"\0"} for n in range(12)}
    return book_of(works)


@cache
def ordinary() -> FakeBook:
    works, draw = made_up(30, 2, ("linear", "device", "sgd"))
    plant(works, draw, 2, 3, "verbatim")
    for some in works.values():
        some.pop("copied", None)
    return book_of(works)


BOOKS: dict[str, Callable[[], FakeBook]] = {"ordinary": ordinary, "hostile": hostile, "empty": lambda: book_of({})}


def write(book: FakeBook, folder: Path, **options: Any) -> Path:
    out = folder / "similarity.html"
    request = similarity.Request(gradebook="", out=out, **options)
    assert similarity.compare(book, course(), request) is Exit.FULL_MARKS
    return out


def test_the_command_says_who_and_what_it_cannot_prove(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = write(ordinary(), tmp_path, json=tmp_path / "s.json", top=5).read_text("utf-8")
    said = capsys.readouterr().out
    assert "no proof of copying" in said
    assert re.search(r"^  1 +\d+ bits  student \d+ and student \d+", said, re.MULTILINE)
    assert "What this can&#39;t prove" in page or "What this can't prove" in page
    assert "A person must look at both" in page
    assert "<script" not in page
    found = json.loads((tmp_path / "s.json").read_text("utf-8"))
    assert len(found["pairs"]) == 5
    part = found["pairs"][0]["exercises"][0]
    assert {"slug", "code_bits", "place", "similarity", "regions", "left", "right", "shared"} <= set(part)


def test_without_names_no_name_is_anywhere(tmp_path: Path) -> None:
    page = write(ordinary(), tmp_path, json=tmp_path / "s.json", anonymous=True).read_text("utf-8")
    assert not re.search(r"student 0\d\d\d", page + (tmp_path / "s.json").read_text("utf-8"))


def test_code_that_was_shown_in_class_is_no_evidence(tmp_path: Path) -> None:
    book = book_of(
        {f"s{n}": {"relu": "def f(x):\n    return x.a().b().c().d().e().f()\n" * (n < 2)} for n in range(20)}
    )
    shown = tmp_path / "lecture.py"
    shown.write_text("def g(y):\n    return y.a().b().c().d().e().f()\n")
    before, after = tmp_path / "a.json", tmp_path / "b.json"
    write(book, tmp_path, json=before)
    write(book, tmp_path, json=after, common=(shown,))
    bits = [json.loads(one.read_text())["pairs"][0]["exercises"][0]["code_bits"] for one in (before, after)]
    assert bits[0] > 5
    assert bits[1] == 0


def test_an_unknown_exercise_gets_close_names(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="did you mean linear"):
        write(ordinary(), tmp_path, only=("linaer",))


def test_the_export_is_written_too(tmp_path: Path) -> None:
    write(ordinary(), tmp_path, only=("sgd",), export=("jplag", tmp_path / "jplag"))
    assert (tmp_path / "jplag" / "sgd" / "stub" / "sgd.py").read_bytes() == next(
        one.stub for one in course().exercises if one.slug == "sgd"
    ).read_bytes()


def test_what_a_student_chose_is_escaped(tmp_path: Path) -> None:
    page = write(hostile(), tmp_path).read_text("utf-8")
    assert "<img" not in page
    assert "<script" not in page
    assert "\u202e" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", BOOKS)
def test_the_page_is_clean_in_a_browser_and_in_axe(
    name: str, scheme: str, open_page: Callable[..., Page], axe: str, tmp_path: Path
) -> None:
    file = write(BOOKS[name](), tmp_path, top=4)
    for checked in (False, True):  # axe has to be let in past the policy
        page = open_page(file, scheme=scheme, bypass_csp=checked)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        if checked:
            page.evaluate(axe)
            found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            assert [
                (one["id"], node["target"], node["failureSummary"])
                for one in found["violations"]
                for node in one["nodes"]
            ] == []
        else:
            for width in (320, 1280):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") == width
            dead = page.evaluate(
                """[...document.querySelectorAll('a')].map(one => one.getAttribute('href'))
                   .filter(href => !href.startsWith('#') || !document.getElementById(href.slice(1)))"""
            )
            assert dead == []


def test_shared_regions_have_the_same_number_and_colour_on_both_sides(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(write(ordinary(), tmp_path, top=1).as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    sides = page.evaluate(
        """[...document.querySelectorAll('.panes')].map(panes => [...panes.querySelectorAll('.pane')].map(pane =>
            [...pane.querySelectorAll('.match .chip')].filter(one => one.textContent)
            .map(one => one.textContent + getComputedStyle(one).color)))"""
    )
    page.close()
    assert sides
    for left, right in sides:
        assert set(left) == set(right)
    assert any(left for left, _ in sides)


def test_it_reads_a_real_gradebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    works, _ = made_up(12, 3, ("sgd",))
    with Gradebook.open(tmp_path, create=True) as book:
        book.set_course("A course", [Column(slug="sgd", title="SGD", chapter="04_training", max_score=1.0)], Policy())
        items = []
        for name, some in works.items():
            file = tmp_path / name / "sgd.py"
            file.parent.mkdir()
            file.write_text(some.get("sgd", "x = 1\n"), "utf-8")
            student = Student(key=f"folder:{name}", name=name)
            items.append(HandIn(student=student, ref=name, submission=read(file, "sgd")))
        book.add(items)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(
        main,
        ["similarity", "--gradebook", ".", "--course", str(ROOT), "--json", "s.json", "--export", "dolos", "d.zip"],
    )
    assert result.exit_code == 0, result.output
    assert "12 students, 12 pieces of work in 1 exercise." in result.output
    assert (tmp_path / "similarity.html").is_file()
    assert (tmp_path / "d.zip").is_file()
    assert json.loads((tmp_path / "s.json").read_text("utf-8"))["students"] == 12


def test_without_a_gradebook_it_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["similarity", "--gradebook", str(tmp_path / "no"), "--course", str(ROOT)])
    assert result.exit_code == 2
    assert result.stderr.startswith("grade: there is no gradebook at ")
    assert result.stderr.count("\n") == 1
