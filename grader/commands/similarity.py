"""`grade similarity`: rank pairs of submissions, for a person to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from grader.commands.batch import told_plainly
from grader.commands.common import Exit, check_target, course_for, did_you_mean, say
from grader.course import Course
from grader.gradebook import Gradebook
from grader.similarity import Book, Options, Ranking, rank
from grader.similarity.analyse import Given, given
from grader.similarity.detail import Detail, detail
from grader.similarity.export import ExportError, Tool, export
from grader.submission import shown

COMPARED_MAX = 3
"""Exercises of a pair that are shown side by side: those with most evidence."""
COMMON_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for on the command line."""

    gradebook: str
    only: tuple[str, ...] = ()
    out: Path = Path("similarity.html")
    json: Path | None = None
    export: tuple[str, Path] | None = None
    top: int = 50
    popular: float = 10.0
    common: tuple[Path, ...] = ()
    anonymous: bool = False
    course: Path | None = None


def run(request: Request) -> Exit:
    """Open the gradebook, rank, write. Raises click.UsageError for what can't be used."""
    for option, path in (("--out", request.out), ("--json", request.json)):
        check_target(option, path)
    course = course_for([], request.course)
    with told_plainly(), Gradebook.open(request.gradebook, read_only=True) as book:
        return compare(book, course, request)


def compare(book: Book, course: Course, request: Request) -> Exit:
    """Rank the submissions in `book` and write what was asked for."""
    slugs = [column.slug for column in book.columns]
    for slug in request.only:
        if slug not in slugs:
            raise click.UsageError(f"the gradebook has no exercise {slug!r}{did_you_mean(slug, slugs)}")
    wanted = [slug for slug in slugs if not request.only or slug in request.only]
    stubs = {slug: _stub(course, slug) for slug in wanted}
    for slug in (slug for slug, stub in stubs.items() if stub is None):
        say(f"{slug}: no stub in {shown(course.root)}, so what everybody was given counts as shared")
    shown_in_class = [_common(path) for path in request.common]
    known = {slug: given([*([stub] if stub else []), *shown_in_class]) for slug, stub in stubs.items()}
    options = Options(share=request.popular / 100, top=request.top)
    ranking = rank(book, known, options, only=request.only, step=lambda slug: say(f"comparing {slug} ..."))
    details = _details(book, ranking, known)
    _write(request, ranking, details)
    if request.export is not None:
        tool, place = request.export
        given_out = {slug: stub for slug, stub in stubs.items() if stub is not None}
        try:
            written = export(Tool(tool), ranking.group, book, given_out, place, anonymous=request.anonymous)
        except ExportError as error:
            raise click.UsageError(str(error)) from error
        for path in written:
            say(f"wrote {shown(path)}")
    return Exit.FULL_MARKS


def _stub(course: Course, slug: str) -> str | None:
    exercise = course.get(slug)
    return exercise.stub.read_text("utf-8", errors="replace") if exercise is not None else None


def _common(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(COMMON_MAX_BYTES + 1)
    except OSError as error:
        raise click.UsageError(f"--common {shown(path)} can't be read ({error.strerror or error})") from error
    if len(raw) > COMMON_MAX_BYTES:
        raise click.UsageError(f"{shown(path)} has more than 1 MiB; name the files that were shown in class")
    return raw.decode("utf-8", "replace").replace("\0", " ")


def _details(book: Book, ranking: Ranking, known: dict[str, Given]) -> dict[int, tuple[Detail, ...]]:
    found = {}
    for n, entry in enumerate(ranking.entries):
        parts = entry.parts[:COMPARED_MAX]
        found[n] = tuple(detail(book, ranking.standings[one.slug], one, known.get(one.slug, Given())) for one in parts)
    return found


def _write(request: Request, ranking: Ranking, details: dict[int, tuple[Detail, ...]]) -> None:
    from grader.similarity import html, record
    from grader.similarity.page import fill

    page = fill(ranking, details, anonymous=request.anonymous)
    html.write(page, request.out)
    if request.json is not None:
        record.write(record.record(ranking, details, anonymous=request.anonymous), request.json)
    click.echo(page.lead)
    for one in page.pairs[:10]:
        remark = "  (stands out)" if one.stands_out else ""
        click.echo(f"{one.rank:3}  {one.evidence:>4} bits  {one.left} and {one.right}{remark}")
    click.echo(f"Similarity is no proof of copying: look at {shown(request.out)} before you ask anybody.")
