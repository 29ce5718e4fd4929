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


def publish_beside(book: Gradebook, place: str, out: Console) -> bool:
    """Write it where `grade batch` wrote it, beside the gradebook at `place`; of one in a database nobody knows where.

    A failure is one line, and False.
    """
    from grader.report import terminal

    path = Path(place)
    folder = path if path.is_dir() else path.parent if path.is_file() else None
    if folder is None or not (path.is_dir() or (folder / "index.html").exists()):
        terminal.show_lines(out, ["Reports and class page are as they were; grade batch brings them up to date."])
        return True
    return publish(book, folder, out)


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
