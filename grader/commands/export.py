"""`grade export FORMAT`: hand the grades of a class back in the form that somebody else reads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from grader.commands.common import Exit, say
from grader.files import write_pieces
from grader.submission import shown
from grader.text import clean_line

if TYPE_CHECKING:
    from grader.classroom import Row
    from grader.handback.book import Book, Export
    from grader.handback.moodle import Wanted as MoodleWanted
    from grader.model import Report

NOTE_CHARS = 500
INPUT_MAX_BYTES = 256 * 1024 * 1024
ZIPS = ("moodle-feedback", "canvas-feedback", "gradescope")
# Which formats an option is for; one given with another format is a mistake that must not pass in silence.
USED_BY = {
    "template": ("canvas",),
    "mapping": ("canvas",),
    "total": ("canvas",),
    "worksheet": ("moodle",),
    "slug": ("moodle",),
    "grade_column": ("moodle",),
    "feedback_column": ("moodle",),
    "scale": ("canvas", "moodle"),
    "decimal_comma": ("canvas", "moodle", "csv"),
    "feedback": ("moodle-feedback",),
}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line; None and empty is what was not said."""

    format: str
    gradebook: str
    out: Path | None = None
    template: Path | None = None
    worksheet: Path | None = None
    mapping: tuple[str, ...] = ()
    total: str | None = None
    slug: str | None = None
    grade_column: str | None = None
    feedback_column: str | None = None
    scale: bool = False
    decimal_comma: bool = False
    feedback: str | None = None


def run(request: Request) -> Exit:
    """Write the export, then say what is not in it. Raises click.UsageError."""
    _check(request)
    from grader.gradebook import Gradebook, GradebookError
    from grader.handback.book import HandBackError

    try:
        with Gradebook.open(request.gradebook, read_only=True) as book:
            return write(book, request)
    except (GradebookError, HandBackError) as error:
        raise click.UsageError(str(error)) from error


def write(book: Book, request: Request) -> Exit:
    """Write the export of an open gradebook. Raises HandBackError and click.UsageError."""
    export = _export(book, request)
    if request.out is None:
        sys.stdout.flush()
        for piece in export.pieces:
            sys.stdout.buffer.write(piece)
    else:
        try:
            write_pieces(request.out, export.pieces)
        except OSError as error:
            say(f"{shown(request.out)}: it can't be written ({error.strerror or error})")
            return Exit.OUR_FAULT
        say(f"{request.format}: {shown(request.out)}")
    for note in export.notes:
        say(clean_line(note, NOTE_CHARS))
    return Exit.FULL_MARKS


def _export(book: Book, request: Request) -> Export:
    from grader.handback import canvas, canvas_feedback, classfile, gradescope_zip, junit, moodle, plain

    match request.format:
        case "canvas":
            wanted = canvas.Wanted(named=_named(request), scale=request.scale, decimal_comma=request.decimal_comma)
            return canvas.export(book, wanted, _read(request.template) if request.template else None)
        case "canvas-feedback":
            return canvas_feedback.feedback_zip(book, _renderer(book, request))
        case "moodle":
            if request.worksheet is None:
                raise click.UsageError(
                    "moodle needs the worksheet that it gave out: --worksheet FILE "
                    "(in the assignment: Submissions, Download grading worksheet)"
                )
            return moodle.worksheet(book, _of_moodle(request), _read(request.worksheet))
        case "moodle-feedback":
            return moodle.feedback_zip(book, _renderer(book, request))
        case "gradescope":
            return gradescope_zip.results_zip(book, _gradescope())
        case "csv":
            return plain.export(book, decimal_comma=request.decimal_comma)
        case "json":
            return classfile.export(book)
        case "junit":
            return junit.export(book)
        case _:
            raise click.UsageError(f"there is no format {clean_line(request.format, 40)}")


def _gradescope() -> Callable[[Report], Mapping[str, Any]]:
    from grader.handback.gradescope import results

    return lambda report: results(report, {})


def _of_moodle(request: Request) -> MoodleWanted:
    from grader.handback import moodle

    given = {
        "slug": request.slug,
        "grade_column": request.grade_column,
        "feedback_column": request.feedback_column,
        "scale": request.scale,
        "decimal_comma": request.decimal_comma,
    }
    return msgspec.convert({name: value for name, value in given.items() if value is not None}, moodle.Wanted)


def _named(request: Request) -> dict[str, str]:
    from grader.handback.target import TOTAL

    named = {}
    for entry in request.mapping:
        slug, mark, column = entry.partition("=")
        if not mark or not slug.strip() or not column.strip():
            raise click.UsageError(f"--map {clean_line(entry, 60)}: write SLUG=COLUMN, such as relu=4711")
        named[slug.strip()] = column.strip()
    if request.total is not None:
        named[TOTAL] = request.total
    return named


def _renderer(book: Book, request: Request) -> Callable[[Row], tuple[str, bytes]]:
    from grader.handback import feedback, reports
    from grader.handback.book import graded_of, results_in

    def page(row: Row) -> tuple[str, bytes]:
        return "feedback.html", reports.render(book, row)

    def text(row: Row) -> tuple[str, bytes]:
        told = feedback.as_text(feedback.lines(row, book.columns, results_in(graded_of(book, row))))
        return "feedback.txt", told.encode("utf-8", "replace")

    return text if request.feedback == "text" else page


def _check(request: Request) -> None:
    for name, formats in USED_BY.items():
        if getattr(request, name) not in (None, (), False) and request.format not in formats:
            option = {"mapping": "map", "slug": "exercise"}.get(name, name).replace("_", "-")
            raise click.UsageError(f"--{option} is for {' and '.join(formats)}, not for {request.format}")
    if request.out is None:
        if request.format in ZIPS:
            raise click.UsageError(f"{request.format} is a zip; say where it goes with --out FILE.zip")
        return
    if request.out.suffix in (".py", ".ipynb", ".toml", ".sqlite"):
        raise click.UsageError(f"--out {shown(request.out)}: this looks like a file of another kind; name another one")
    if request.out.is_dir():
        raise click.UsageError(f"--out {shown(request.out)}: is a folder; name a file in it")
    if not request.out.absolute().parent.is_dir():
        raise click.UsageError(f"--out {shown(request.out)}: there is no such folder; create it first")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(INPUT_MAX_BYTES + 1)
    except OSError as error:
        raise click.UsageError(f"{shown(path)} can't be read ({error.strerror or error})") from error
    if len(data) > INPUT_MAX_BYTES:
        raise click.UsageError(f"{shown(path)} has more than {INPUT_MAX_BYTES >> 20} MiB; that is no table of grades")
    return data
