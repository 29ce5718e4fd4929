"""What all tests share: a real browser; with GRADER_NO_SKIPS=1 in the environment a skipped test is a failed one."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NO_SKIPS = "GRADER_NO_SKIPS"
NODE_MODULES = Path(__file__).parent / "node_modules"

# A shell starts a background job with Ctrl-C ignored, and what is ignored stays so in every process below.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a skip a failure that says what was missing. Expected failures are no skips."""
    if not report.skipped or hasattr(report, "wasxfail") or os.environ.get(NO_SKIPS) != "1":
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"{reason.removeprefix('Skipped: ')} ({NO_SKIPS}=1: no test may be skipped)"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _forbid_skip(report)
    return report


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
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`open_page(file, width=..., scheme=..., script=..., bypass_csp=...)` opens an HTML file and returns the page.

    Whatever a page complains about, asks for or pops up fails the test when it ends.
    """
    complaints: list[str] = []
    pages: list[Page] = []

    def open_it(
        file: Path, *, width: int = 1280, scheme: str = "light", script: bool = True, bypass_csp: bool = False
    ) -> Page:
        page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=script,
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
