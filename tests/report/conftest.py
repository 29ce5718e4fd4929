"""The HTML report in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.model import Report
from grader.report import html

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def open_report(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """`open_report(report, width=..., scheme=..., bypass_csp=...)` opens it from a file and returns the page.

    Whatever the page complains about, asks for or pops up fails the test when it ends.
    """
    complaints: list[str] = []
    pages: list[Page] = []

    def open_it(report: Report, *, width: int = 1280, scheme: str = "light", bypass_csp: bool = False) -> Page:
        file = tmp_path / f"report{len(pages)}.html"
        html.write(report, file)
        page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            bypass_csp=bypass_csp,
            reduced_motion="reduce",  # nothing on its way when a test looks
        )
        pages.append(page)
        own = file.as_uri()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on(
            "request",
            lambda request: None if request.url == own else complaints.append(f"request: {request.url}"),
        )
        page.goto(own)
        return page

    yield open_it
    for page in pages:
        page.close()
    assert complaints == []
