"""The class page in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from grader.dashboard import html
from grader.dashboard.fill import fill
from tests.dashboard.samples import FakeBook

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def open_class(open_page: Callable[..., Page], tmp_path: Path) -> Callable[..., Page]:
    """`open_class(book, ...)` writes the page of a class and opens it, with the options of `open_page`."""
    names = count()

    def open_it(book: FakeBook, **options: Any) -> Page:
        file = tmp_path / f"index{next(names)}.html"
        file.write_bytes(html.render(fill(book, "2 March 2026")).encode())
        return open_page(file, **options)

    return open_it
