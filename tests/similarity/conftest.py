"""The browser of the report's tests, for another page."""

from __future__ import annotations

from tests.report.conftest import axe, browser

__all__ = ["axe", "browser"]
