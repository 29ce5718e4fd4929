"""What a class adds to the report of a student, in the page and in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from grader.classroom import Adjustment, CellState
from grader.report import html, words
from grader.report.grading import Grading, bar
from tests.dashboard.samples import DUE, NASTY, FakeBook, cell, columns, done, one_student, row
from tests.report import samples
from tests.report.test_html import Parser

if TYPE_CHECKING:
    from playwright.sync_api import Page

DECIDED = Adjustment(points=8.0, why=f"handed in on paper {NASTY}", who="tutor", at=DUE)


def grading(title: str = "Deep learning") -> Grading:
    """A student with one of everything."""
    late = done("matmul", 7.2, "k", score=8.0, late_s=93_600.0, percent_off=10.0, attempt=2)
    assert late.counted is not None
    first = msgspec.structs.replace(late.counted, attempt=1, submission_id=1, score=2.0, late_s=0.0)
    cells = (
        msgspec.structs.replace(late, attempts=(first, late.counted)),
        msgspec.structs.replace(done("linear", 8), adjustment=DECIDED),
        cell("relu"),
        cell("sequential", CellState.REFUSED, why=NASTY + "W" * 200),
        cell("cross_entropy", CellState.WAITING),
        cell("sgd", CellState.UNGRADED),
    )
    made = columns(6, due=DUE)
    made = (msgspec.structs.replace(made[0], weight=2.0), *made[1:])
    who = one_student(f"Jane {NASTY}", *cells).student
    return Grading(course=title, row=row(who, cells, [2, 1, 1, 1, 1, 1]), columns=made)


def test_a_report_without_a_class_is_what_it_was() -> None:
    page = html.render(samples.FULL)

    assert "What counts" not in page
    assert "grader-stamp" not in page
    assert "--seed 1604778329" in page


def test_the_total_is_the_weighed_one_and_weights_are_told() -> None:
    text = " ".join("".join(Parser(html.render(samples.FULL, grading())).text).split())

    assert "22.4 of 50 points" in text
    assert "7.2 of 10, weight 2" in text
    assert "What is not graded yet is left out of the total." in text


def test_the_bar_is_as_wide_as_the_weights() -> None:
    first, second, *_ = parts = bar(grading())

    assert first.width == pytest.approx(2 * second.width, abs=0.02)
    assert first.filled == pytest.approx(0.72 * first.width, abs=0.02)
    assert len(parts) == 6
    assert parts[-1].x + parts[-1].width == pytest.approx(1000, abs=0.1)


def test_every_state_of_a_cell_and_nothing_at_all_can_be_told() -> None:
    empty = FakeBook(columns(1), [one_student("", cell("matmul"), key="k")])
    [one] = empty.rows()
    html.render(samples.report(), Grading(course="", row=one, columns=()))
    html.render(samples.EMPTY, grading(""))


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (1, "1 minute"),
        (61, "2 minutes"),
        (3600, "1 hour"),
        (3700, "1 hour 2 minutes"),
        (86_400, "1 day"),
        (93_600, "1 day 2 hours"),
        (86_401, "1 day 1 hour"),
        (172_799, "2 days"),
        (float("nan"), "?"),
    ],
)
def test_a_long_time_is_told_in_two_units_and_rounded_up(duration_s: float, text: str) -> None:
    assert words.long_time(duration_s) == text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_it_is_sound_in_a_browser(
    width: int, scheme: str, open_page: Callable[..., Page], axe: str, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_text(html.render(samples.FULL, grading(), stamp="0" * 64), "utf-8")
    page = open_page(file, width=width, scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")

    assert [(one["id"], node["target"]) for one in found["violations"] for node in one["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("img, script").count() == 0
