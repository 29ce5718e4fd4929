"""A real browser for the tests of the HTML report."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.model import Report
from grader.report import html

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NODE_MODULES = Path(__file__).parents[1] / "node_modules"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium of the system."""
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        pytest.skip("no Chromium found; on Debian and Ubuntu: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright; pip install -e '.[dev]'")
    # Chromium refuses its own sandbox to root, which is what a container usually runs as.
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=[*as_root, "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, an accessibility checker that runs in the page."""
    script = NODE_MODULES / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.skip("no axe-core found; run: npm ci --prefix tests")
    return script.read_text("utf-8")


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
