"""A zip with a `results.json` of Gradescope for each student, for who uploads them by a program of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from grader.classroom import Row
from grader.handback import zips
from grader.handback.book import Book, Export
from grader.handback.names import file_stem
from grader.handback.reports import report_of
from grader.handback.target import unsaid
from grader.model import Report
from grader.report import words


def results_zip(book: Book, results: Callable[[Report], Mapping[str, Any]]) -> Export:
    """The zip: a folder for each student, named as in the download where it came from Gradescope.

    `results` makes the contents of the file. A student who is not fully graded has none: a row without points would
    be a zero in Gradescope's sum. The score on top is what counts in the class, after lateness and adjustments.
    """
    notes: list[str] = []

    def entries() -> Iterator[tuple[str, bytes]]:
        blank = 0
        for row in book.rows():
            if not row.complete:
                blank += sum(cell.points is None for cell in row.cells)
                continue
            made = dict(results(report_of(book, row)))
            made["score"] = round(row.total, 4)
            made["output"] = f"{words.number(row.total)} of {words.points(row.max_total)}."
            yield f"{_folder(row)}/results.json", json.dumps(made, indent=2).encode() + b"\n"
        notes.extend(filter(None, [unsaid(blank)]))

    return Export(pieces=zips.pieces(entries()), notes=notes)


def _folder(row: Row) -> str:
    refs = sorted({attempt.ref for cell in row.cells for attempt in cell.attempts})
    known = [ref for ref in refs if ref.startswith("submission_") and ref[11:].isascii() and ref[11:].isdigit()]
    return known[-1] if known else file_stem(row.student)
