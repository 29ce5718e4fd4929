"""What all tests share: with GRADER_NO_SKIPS=1 in the environment a skipped test is a failed one."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import pytest

NO_SKIPS = "GRADER_NO_SKIPS"

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
