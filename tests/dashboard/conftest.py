"""The class page in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.dashboard import html
from grader.dashboard.fill import fill
from tests.dashboard.samples import FakeBook

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def open_class(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """`open_class(book, width=..., scheme=..., script=...)` opens the page of a class and returns it.

    Whatever it complains about, asks for or pops up fails the test when it ends.
    """
    complaints: list[str] = []
    pages: list[Page] = []

    def open_it(
        book: FakeBook, *, width: int = 1280, scheme: str = "light", script: bool = True, bypass_csp: bool = False
    ) -> Page:
        file = tmp_path / f"index{len(pages)}.html"
        file.write_bytes(html.render(fill(book, "2 March 2026")).encode())
        page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=script,
            bypass_csp=bypass_csp,
            reduced_motion="reduce",
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
