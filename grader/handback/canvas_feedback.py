"""The zip of feedback files that Canvas takes back.

Canvas goes by the name of each file: its first two parts that are numbers are the user and the attachment, and the
comment shows the file under the name that the student gave it. So each file keeps its name from the download, and
what is in it has to be what that name says: a Python file has the feedback as comments above the student's own
source, a notebook is a notebook, an archive holds the report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from grader.classroom import Cell, Row
from grader.handback import feedback, zips
from grader.handback.book import Book, Export, HandBackError, results_in, with_results
from grader.model import ExerciseResult
from grader.report import words

# As downloads are named: the name, LATE, the user, the attachment, the file. Lazy, so the first two numbers count.
_REF = re.compile(r"(?:[^/\\]*?_)??(?:LATE_)?(\d+|anon_[A-Za-z0-9]+)_(\d+)_[^/\\\x00-\x1f]+")
REF_CHARS = 250


def feedback_zip(book: Book, render: Callable[[Row], tuple[str, bytes]]) -> Export:
    """A zip with a feedback file for each file of the download that counts. `render` makes a student's report."""
    notes: list[str] = []

    def entries() -> Iterator[tuple[str, bytes]]:
        left_out = 0
        done: set[str] = set()
        for row, graded in with_results(book):
            refs: dict[str, list[Cell]] = {}
            for cell in row.cells:
                if cell.counted is not None and _is_known(cell.counted.ref):
                    refs.setdefault(cell.counted.ref, []).append(cell)
            left_out += not refs
            results = results_in(graded)
            # The members of a group have one file between them, and Canvas comments to all of them.
            for ref, cells in refs.items():
                if ref not in done:
                    done.add(ref)
                    yield ref, _content(book, row, cells, results, render)
        if left_out and not done:
            raise HandBackError("no file in this gradebook has a name that Canvas gave it; was it downloaded there?")
        if left_out:
            who = words.count(left_out, "student")
            notes.append(f"{who} left out: no file of theirs has a name that Canvas gave it")

    return Export(pieces=zips.pieces(entries()), notes=notes)


def _is_known(ref: str) -> bool:
    return len(ref) <= REF_CHARS and _REF.fullmatch(ref) is not None


def _content(
    book: Book,
    row: Row,
    cells: Sequence[Cell],
    results: dict[str, ExerciseResult],
    render: Callable[[Row], tuple[str, bytes]],
) -> bytes:
    counted = cells[0].counted
    assert counted is not None
    titles = {column.slug: column.title for column in book.columns}
    told = [
        line
        for cell in cells
        for line in feedback.of_exercise(cell, titles.get(cell.slug, cell.slug), results.get(cell.slug))
    ]
    match PurePosixPath(counted.ref).suffix.lower():
        case ".py":
            source = book.source(counted.sha256) if len(cells) == 1 else None
            return "".join(f"# {line}\n" for line in told).encode() + (b"\n" + source if source else b"")
        case ".ipynb":
            return _notebook(told)
        case ".zip":
            return b"".join(zips.pieces([render(row)]))
        case _:
            return feedback.as_text(iter(told)).encode()


def _notebook(told: Sequence[str]) -> bytes:
    """A notebook of one cell. The lines stand indented, as code does in Markdown, so that nothing in them is markup."""
    source = "".join(f"    {line}\n" for line in told)
    cell = {"id": "feedback", "cell_type": "markdown", "metadata": {}, "source": source}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1).encode() + b"\n"
