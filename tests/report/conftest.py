"""The HTML report in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from grader.model import Report
from grader.report import html

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def open_report(open_page: Callable[..., Page], tmp_path: Path) -> Callable[..., Page]:
    """`open_report(report, ...)` writes the page of a report and opens it, with the options of `open_page`."""
    names = count()

    def open_it(report: Report, **options: Any) -> Page:
        file = tmp_path / f"report{next(names)}.html"
        html.write(report, file)
        return open_page(file, **options)

    return open_it
