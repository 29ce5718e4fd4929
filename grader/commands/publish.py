"""Write what a class is shown: a report for each student, and the class report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from grader.commands.common import say
from grader.gradebook import Gradebook
from grader.report.words import count
from grader.submission import shown

if TYPE_CHECKING:
    from rich.console import Console


def publish(book: Gradebook, folder: Path, out: Console) -> bool:
    """Write `folder`/reports/ and `folder`/index.html. A failure is one line, and False."""
    from grader.dashboard import html
    from grader.handback.reports import write_reports
    from grader.report import terminal

    try:
        with terminal.busy(out, "writing the reports"):
            run = book.last_run()
            reports = write_reports(book, folder, environment=run.environment if run else None)
            page = html.write(book, folder)
    except OSError as error:
        say(f"{shown(folder)}: the reports can't be written ({error.strerror or error}); the gradebook is complete")
        return False
    terminal.show_lines(
        out,
        [
            f"Reports: {shown(folder / 'reports')} ({count(reports.written, 'page')} written)",
            f"Class page: {shown(page)}",
        ],
    )
    return True
