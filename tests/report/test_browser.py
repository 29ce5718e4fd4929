"""The HTML report in a real browser. `open_report` also fails a test for any console message or request."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from grader.report import words
from tests.report import samples

if TYPE_CHECKING:
    from playwright.sync_api import Page

    OpenReport = Callable[..., Page]

NASTY = "<img src=x onerror=alert(1)>\u202e`code`" + "W" * 150 + "</style><script>alert(2)</script>\n\n    &amp;\"'"
REPORTS = {
    "full": samples.FULL,
    "stubs": samples.stubs(),
    "perfect": samples.perfect(),
    "empty": samples.EMPTY,
    "hostile": samples.hostile(NASTY),
}
UNFOLD = "document.querySelectorAll('details').forEach(one => { one.open = true })"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", REPORTS)
def test_it_opens_without_a_complaint_and_asks_for_nothing(name: str, scheme: str, open_report: OpenReport) -> None:
    page = open_report(REPORTS[name], scheme=scheme)

    assert page.locator("h1").count() == 1
    assert page.title() != ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", REPORTS)
def test_axe_finds_nothing_to_complain_about(name: str, scheme: str, open_report: OpenReport, axe: str) -> None:
    page = open_report(REPORTS[name], scheme=scheme, bypass_csp=True)
    page.evaluate(UNFOLD)
    page.evaluate(axe)

    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")

    assert [
        (one["id"], node["target"], node["failureSummary"]) for one in found["violations"] for node in one["nodes"]
    ] == []
    assert len(found["passes"]) > 10


@pytest.mark.parametrize("width", [320, 360, 800, 1280, 1920])
@pytest.mark.parametrize("name", REPORTS)
def test_nothing_scrolls_sideways(name: str, width: int, open_report: OpenReport) -> None:
    page = open_report(REPORTS[name], width=width)
    page.evaluate(UNFOLD)

    assert page.evaluate("document.documentElement.scrollWidth") == width
    # What is cut off by its own box would be as lost as what is off the page.
    lost = page.evaluate(
        """[...document.querySelectorAll('body *')].filter(one =>
            !one.closest('svg, .visually-hidden') && one.clientWidth > 0
            && one.scrollWidth > one.clientWidth + 1).map(one => one.outerHTML.slice(0, 200))"""
    )
    assert lost == []


def test_hostile_text_becomes_no_element_and_no_attribute(open_report: OpenReport) -> None:
    page = open_report(samples.hostile(NASTY))

    assert page.locator("img, script, iframe, object, embed, form, input, b").count() == 0
    attributes = page.evaluate(
        "[...document.querySelectorAll('*')].flatMap(one => one.getAttributeNames()).filter(n => /^on/.test(n))"
    )
    assert attributes == []
    assert "<img src=x onerror=alert(1)>\\u202e" in page.locator("h2").first.inner_text()


def test_every_link_leads_to_a_place_in_the_page(open_report: OpenReport) -> None:
    for report in (samples.FULL, samples.hostile(NASTY)):
        page = open_report(report)

        dead = page.evaluate(
            """[...document.querySelectorAll('a, use')].map(one => one.getAttribute('href'))
               .filter(href => !href.startsWith('#') || !document.getElementById(href.slice(1)))"""
        )
        twice = page.evaluate(
            """(ids => ids.filter((id, at) => ids.indexOf(id) !== at))
               ([...document.querySelectorAll('[id]')].map(one => one.id))"""
        )
        assert dead == []
        assert twice == []


def test_every_outcome_and_status_is_told_in_words(open_report: OpenReport) -> None:
    page = open_report(samples.FULL)
    page.evaluate(UNFOLD)

    told = page.locator(".check-word").all_inner_texts()
    statuses = page.locator(".status").all_inner_texts()

    assert set(told) == set(words.OUTCOME.values())
    assert set(statuses) == set(words.STATUS.values())


def test_each_outcome_has_a_sign_of_its_own_shape(open_report: OpenReport) -> None:
    page = open_report(samples.FULL)

    shapes = page.evaluate("[...document.querySelectorAll('symbol[id^=sign-]')].map(one => one.innerHTML)")
    used = page.evaluate("[...document.querySelectorAll('.check-head use')].map(one => one.getAttribute('href'))")

    assert len(set(shapes)) == len(words.OUTCOME)
    assert set(used) == {f"#sign-{outcome}" for outcome in words.OUTCOME}


def test_failed_checks_are_unfolded_and_passed_ones_are_not(open_report: OpenReport) -> None:
    page = open_report(samples.FULL)

    assert page.locator("#exercise-matmul .of-failed > details[open]").count() == 1
    assert page.locator("#exercise-matmul .of-passed > details[open]").count() == 0
    assert page.locator("#exercise-matmul .of-skipped > details[open]").count() == 0
    assert page.locator("#exercise-device details.waiting:not([open])").count() == 1


def test_the_keyboard_reaches_everything(open_report: OpenReport) -> None:
    page = open_report(samples.FULL)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top >= 0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "exercises"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    before = page.evaluate("document.activeElement.parentElement.open")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open") is not before


def test_a_figure_is_an_image_with_a_text_alternative(open_report: OpenReport) -> None:
    page = open_report(samples.FULL)

    names = [one.get_attribute("aria-label") or "" for one in page.get_by_role("img").all()]

    assert len(names) == 2
    assert names[0] == (
        "Heat map of dL/dX, 5 rows by 4 columns: 6 of 20 cells outside the tolerance. "
        "4 too large, 2 too small. Largest errors at row 2, column 2 (counted from 0)."
    )
    assert page.locator(".map").first.locator(".dot, .sign-mark").count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_the_colours_of_a_figure_go_one_way_so_that_grey_paper_tells_them_apart(
    scheme: str, open_report: OpenReport
) -> None:
    page = open_report(samples.FULL, scheme="light" if scheme == "light" else "dark")
    if scheme == "print":
        page.emulate_media(media="print")

    fills = [page.evaluate(f"getComputedStyle(document.querySelector('.legend .heat-{n}')).fill") for n in range(5)]
    light = [_luminance(fill) for fill in fills]
    steps = [abs(b - a) for a, b in pairwise(light)]

    assert light == sorted(light, reverse=scheme != "dark")
    assert min(steps) > 0.008
    assert _contrast(light[0], light[4]) > 7


def test_on_paper_it_is_dark_on_white_even_for_who_prefers_dark(open_report: OpenReport) -> None:
    page = open_report(samples.FULL, scheme="dark")
    page.emulate_media(media="print")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert _luminance(page.evaluate("getComputedStyle(document.body).color")) < 0.05
    assert not page.locator(".skip").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_the_line_that_failed_stands_out_and_says_so(open_report: OpenReport) -> None:
    page = open_report(samples.FULL)

    here = page.locator("#exercise-matmul .here")

    assert here.count() == 1
    assert here.locator(".number").inner_text() == "27"
    assert here.text_content() == (
        '27this line:     assert grad.shape == (X.shape[0], Y.shape[1]), f"got {grad.shape}"'
    )


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2) of a colour as a browser computes it, "rgb(1, 2, 3)"."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(number) / 255 for number in re.findall(r"\d+", colour)[:3])
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
