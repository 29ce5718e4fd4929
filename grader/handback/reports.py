"""One HTML report for each student of a class.

A page carries a stamp of all that it was made from, so writing the reports again touches those only that would be
another: a run over a class of which one student handed in again writes one file.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from grader import __version__
from grader.classroom import Graded, Row
from grader.files import write_atomically
from grader.handback.book import Book, graded_of
from grader.handback.names import file_stem, tag
from grader.model import Environment, Isolation, Level, Report, Status
from grader.report import html
from grader.report.grading import Grading

FOLDER = "reports"
_HEAD_BYTES = 4096
WRITERS = 4
_STAMP = re.compile(rb'<meta name="grader-stamp" content="([0-9a-f]{64})">')
_OWN = re.compile(r"[a-z0-9-]{1,60}-([0-9a-f]{16})\.html")
_ORDER = tuple(Level)


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """How many reports were written, and how many were already what they are to be."""

    written: int
    unchanged: int


def file_name(row: Row) -> str:
    """The name of a student's report."""
    return f"{file_stem(row.student)}.html"


def write_reports(
    book: Book, folder: Path, only: Collection[str] | None = None, environment: Environment | None = None
) -> Written:
    """Write the reports of all students, or of those whose keys are in `only`, into `folder`/reports.

    Each is whole or not there. A student whose name changed has no second report left. `environment` is told at the
    end of each page; without it that of the last run. Raises OSError.
    """
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    run = book.last_run()
    environment = environment or (run.environment if run is not None else None)
    there: dict[str, list[str]] = {}
    for path in place.iterdir():
        if found := _OWN.fullmatch(path.name):
            there.setdefault(found[1], []).append(path.name)
    written = unchanged = 0
    with _Writers() as writers:
        for row in book.rows() if only is None else book.rows(student_keys=only):
            name = file_name(row)
            stamp = _stamp(book, row, environment)
            if _stamp_of(place / name) == stamp:
                unchanged += 1
            else:
                writers.write(place / name, render(book, row, environment, stamp=stamp))
                written += 1
            for other in there.get(tag(row.student.key), ()):
                if other != name:
                    (place / other).unlink(missing_ok=True)
    return Written(written=written, unchanged=unchanged)


class _Writers:
    """Threads that write pages, since waiting for the disk takes as long as making a page. Errors come a bit later."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="write")
        self._under_way: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=error is not None)
        while self._under_way and error is None:
            self._under_way.popleft().result()

    def write(self, path: Path, page: bytes) -> None:
        """Write it soon. Raises OSError of an earlier one."""
        if len(self._under_way) >= 2 * WRITERS:
            self._under_way.popleft().result()
        self._under_way.append(self._pool.submit(write_atomically, path, page))


def render(book: Book, row: Row, environment: Environment | None = None, *, stamp: str = "") -> bytes:
    """The report of one student as an HTML page."""
    grading = Grading(course=book.title, row=row, columns=book.columns)
    return html.render(report_of(book, row, environment), grading, stamp=stamp).encode("utf-8", "replace")


def report_of(book: Book, row: Row, environment: Environment | None = None) -> Report:
    """The results of the attempts that count, as the report of one run."""
    graded = list(graded_of(book, row).values())
    counting = [one.result for one in graded if one.result.status is not Status.UNGRADED]
    return Report(
        score=sum(result.score for result in counting),
        max_score=sum(result.max_score for result in counting),
        exercises=tuple(one.result for one in graded),
        isolation=Isolation(level=_weakest(graded)),
        seed=graded[0].seed if graded else 0,
        environment=environment or Environment(grader=__version__, python="", torch=""),
        started_at=max((one.graded_at for one in graded), default=""),
        duration_s=sum(one.duration_s for one in graded),
    )


def _weakest(graded: list[Graded]) -> Level:
    """The least that any of it was kept apart by; what is not said counts as nothing."""
    levels = [next((level for level in Level if level == one.isolation), Level.NONE) for one in graded]
    return max(levels, key=_ORDER.index, default=Level.NONE)


def _stamp(book: Book, row: Row, environment: Environment | None) -> str:
    made_from = (__version__, _look(), book.title, book.columns, row, environment)
    return hashlib.sha256(msgspec.json.encode(msgspec.to_builtins(made_from, str_keys=True))).hexdigest()


def _stamp_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            found = _STAMP.search(file.read(_HEAD_BYTES))
    except OSError:
        return ""
    return found[1].decode() if found else ""


@cache
def _look() -> str:
    """A hash of what pages are made with, so that a better template reaches the old ones."""
    digest = hashlib.sha256()
    package = files("grader.report")
    for place, ending in ((package, ".py"), (package / "templates", "")):
        for entry in sorted(place.iterdir(), key=lambda one: one.name):
            if entry.is_file() and entry.name.endswith(ending):
                digest.update(entry.read_bytes())
    return digest.hexdigest()
