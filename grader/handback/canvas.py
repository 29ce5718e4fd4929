"""The CSV that Canvas imports into its gradebook.

With a template (the CSV exported from Canvas) its student columns are kept and the columns of our exercises filled;
other columns are left out, which for Canvas means: no change. Without one the file is made from the ids of the
download. Rules of the importer that decide how it is written:

- it goes by ID; a student without one that it knows would become a new user, so nobody is written without;
- `Title (123)` names an assignment; any other title that it does not know becomes a new assignment;
- an empty cell removes a grade that is there, so what we have no score for keeps the template's cell;
- the delimiter is guessed from the first three lines, and `1,5` is one and a half.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from grader.classroom import Row, Student
from grader.handback import cells
from grader.handback.book import Book, Export, HandBackError
from grader.handback.target import TOTAL, Target, mismatch, scaled, target_of, unsaid
from grader.report import words
from grader.text import clean_line

TEMPLATE_MAX_BYTES = 64 * 1024 * 1024
NAMES_SHOWN = 5
STUDENT_COLUMNS = ("Student", "ID", "Section")
# Columns of numbers that Canvas computes itself; the importer passes over them.
_COMPUTED = re.compile(r"(Current|Final|Override) (Score|Points|Grade|Status)")
_TITLE_AND_ID = re.compile(r"(?P<title>.*)\s\((?P<id>\d+)\)", re.DOTALL)
# What a login of Canvas may be the same as. Not a GitHub login: anyone may call themselves there as they like.
_LOGINS = ("username", "email", "gradescope_sid", "nbgrader_student", "folder")


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A CSV that Canvas exported. `info` is how many columns tell of the student, `id_at` is that of the ID."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    points: tuple[str, ...]
    delimiter: str
    info: int
    id_at: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How the columns are found: `named` maps slugs (or `TOTAL`) to an assignment's id, title or whole header."""

    named: Mapping[str, str] = {}
    scale: bool = False
    decimal_comma: bool = False


def export(book: Book, wanted: Wanted, template: bytes | None = None) -> Export:
    """The CSV of all exercises, or of those that the template has. Raises HandBackError."""
    for slug in wanted.named:
        target_of(book.columns, slug)
    notes: list[str] = []
    if template is None:
        return Export(pieces=_made(book, wanted, notes), notes=notes)
    return Export(pieces=_filled(book, wanted, read_template(template), notes), notes=notes)


# ---- without a template ----


def _made(book: Book, wanted: Wanted, notes: list[str]) -> Iterator[bytes]:
    slugs = list(wanted.named) or [column.slug for column in book.columns]
    targets = [target_of(book.columns, slug) for slug in slugs]
    headers = [_new_header(target, wanted.named.get(target.slug, "")) for target in targets]
    # With a decimal comma each number holds a comma, so another mark between the cells leaves no doubt.
    delimiter = ";" if wanted.decimal_comma else ","
    most = [cells.number(target.max_points, comma=wanted.decimal_comma) for target in targets]
    yield from cells.lines([(*STUDENT_COLUMNS, *headers), ("    Points Possible", "", "", *most)], delimiter=delimiter)
    unknown: list[str] = []
    blank = known = 0
    for row in book.rows():
        user = row.student.ids.get("canvas_user", "")
        if not user.isascii() or not user.isdigit():
            unknown.append(clean_line(row.student.name or row.student.key, 60))
            continue
        known += 1
        points = [target.points(row) for target in targets]
        blank += points.count(None)
        shown = [cells.number(one, comma=wanted.decimal_comma) for one in points]
        yield from cells.lines([(cells.text(row.student.name), user, "", *shown)], delimiter=delimiter)
    if unknown and not known:
        raise HandBackError(
            "nobody in this gradebook has a Canvas user id, which a download of Canvas holds; with --template FILE "
            "(the CSV that Canvas exports) students are found by login as well"
        )
    notes += filter(None, (_without_id(unknown), unsaid(blank)))
    if loose := [header for header in headers if not _TITLE_AND_ID.fullmatch(header)]:
        notes.append(
            f"Canvas makes new assignments of titles that it does not have: {_some(loose)}; name the assignment with "
            "--map SLUG=ID, or start from Canvas's own file with --template"
        )


def _new_header(target: Target, named: str) -> str:
    if named.isdigit():
        return f"{_plain(target.title)} ({named})"
    return _plain(named or target.title)


def _plain(title: str) -> str:
    """A header on one line: Canvas guesses the delimiter from lines, and one of two would mislead it."""
    return clean_line(title, 200)


def _without_id(names: Sequence[str]) -> str:
    if not names:
        return ""
    who = words.count(len(names), "student")
    return f"{who} without a Canvas user id left out: {_some(names)}; use --template with the CSV that Canvas exports"


# ---- with a template ----


def read_template(data: bytes) -> Template:
    """Read the CSV that Canvas exported. Raises HandBackError if Canvas itself would refuse it."""
    if len(data) > TEMPLATE_MAX_BYTES:
        raise HandBackError(f"the template has more than {TEMPLATE_MAX_BYTES >> 20} MiB; that is no gradebook")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise HandBackError("the template is not UTF-8; export it from Canvas again and do not edit it") from None
    delimiter = _delimiter(text)
    try:
        rows = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise HandBackError(f"the template is no CSV ({error}); export it from Canvas again") from None
    header = rows[0] if rows else ()
    last_first = len(header) > 4 and "LastName" in header[0] and "FirstName" in header[1]
    id_at = 2 if last_first else 1
    info = next((at + 1 for at, name in enumerate(header) if "Section" in name), 0)
    if len(header) <= 3 or not (last_first or "Student" in header[0]) or "ID" not in header[id_at] or not info:
        raise HandBackError(
            "the template's first line is not that of a Canvas gradebook (Student, ID, ..., Section, assignments); "
            "export it in Canvas: Grades, Export"
        )
    points = next((row for row in rows[1:3] if "Points Possible" in row[0]), ())
    students = tuple(row for row in rows[1:] if "Points Possible" not in row[0] and len(row) > id_at and not _note(row))
    return Template(header=header, rows=students, points=points, delimiter=delimiter, info=info, id_at=id_at)


def _note(row: Sequence[str]) -> bool:
    """Whether this is the row that says which assignments are muted."""
    return all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell, re.IGNORECASE) for cell in row)


def _delimiter(text: str) -> str:
    """As Canvas guesses it: the mark that cuts the first three lines into equally many, and more, cells."""
    first = text.splitlines()[:3]
    counts = {}
    for mark in (";", ","):
        sizes = {len(next(csv.reader([line], delimiter=mark), [])) for line in first}
        counts[mark] = sizes.pop() if len(sizes) == 1 else 0
    return ";" if counts[";"] > counts[","] else ","


def _filled(book: Book, wanted: Wanted, template: Template, notes: list[str]) -> Iterator[bytes]:
    places = _places(book, wanted, template, notes)
    matching = _Matching(book, template)
    picked = (*range(template.info), *places)
    yield from cells.lines([[template.header[at] for at in picked]], delimiter=template.delimiter)
    if template.points:
        yield from cells.lines([[_at(template.points, at) for at in picked]], delimiter=template.delimiter)
    blank = 0
    for line in template.rows:
        # Names are for people to read: Canvas goes by the ID. So they may be made safe.
        written = [cells.text(_at(line, at)) for at in range(template.info)]
        row = matching.row(line)
        for at, target in places.items():
            there = _at(line, at)
            excused = there.strip().casefold() == "ex"  # a person's decision
            points = target.points(row) if row is not None and not excused else None
            blank += row is not None and points is None and not excused
            points = scaled(points, target, _most(template, at), scale=wanted.scale)
            written.append(cells.number(points, comma=wanted.decimal_comma) or there)
        yield from cells.lines([written], delimiter=template.delimiter)
    if matching.found_nobody():
        raise HandBackError(
            "nobody in this gradebook is in the template, by Canvas user id, login or SIS id; is it of this course?"
        )
    notes += filter(None, (unsaid(blank), *matching.notes()))


def _places(book: Book, wanted: Wanted, template: Template, notes: list[str]) -> dict[int, Target]:
    """The columns of the template that are filled, with what goes there."""
    open_columns = {
        at: name
        for at, name in enumerate(template.header)
        if at >= template.info and not _COMPUTED.search(name) and "read only" not in _at(template.points, at)
    }
    places: dict[int, Target] = {}
    for slug in (*(column.slug for column in book.columns), TOTAL):
        target = target_of(book.columns, slug)
        named = wanted.named.get(slug, "")
        if not named and (wanted.named or slug == TOTAL):
            continue
        found = [at for at, name in open_columns.items() if _is_called(name, (named,) if named else _names(target))]
        if len(found) > 1:
            which = _some([template.header[at] for at in found])
            raise HandBackError(f"{target.title} fits several columns: {which}; name the id with --map {slug}=ID")
        if named and not found:
            there = _some(list(open_columns.values()))
            raise HandBackError(f"the template has no column {clean_line(named, 80)!r} to fill; it has {there}")
        for at in found:
            if at in places:
                raise HandBackError(f"{template.header[at]} is to hold both {places[at].title} and {target.title}")
            places[at] = target
            notes += filter(
                None, [mismatch(target, _most(template, at), clean_line(template.header[at], 80), scale=wanted.scale)]
            )
    if not places:
        there = _some(list(open_columns.values()))
        raise HandBackError(
            f"no column of the template is called like an exercise; it has {there}; say which with --map SLUG=ID"
        )
    return dict(sorted(places.items()))


def _names(target: Target) -> tuple[str, ...]:
    return (target.title, target.slug)


def _is_called(header: str, names: Sequence[str]) -> bool:
    """Whether a column has one of the names: its whole header, its title, or the number of its assignment."""
    parts = _TITLE_AND_ID.fullmatch(header)
    forms = {header.strip().casefold(), *((parts["title"].strip().casefold(), parts["id"]) if parts else ())}
    return any(name.strip().casefold() in forms for name in names if name)


class _Matching:
    """Finds the row of a student in the template, by ids and never by a name alone."""

    def __init__(self, book: Book, template: Template) -> None:
        self._template = template
        self._by_user: dict[str, Row] = {}
        self._by_login: dict[str, Row | None] = {}  # None where two students share it
        self._unused: dict[str, Student] = {}
        self._strangers = 0
        for row in book.rows():
            self._unused[row.student.key] = row.student
            if user := row.student.ids.get("canvas_user"):
                self._by_user[user] = row
            for login in {row.student.ids[kind].casefold() for kind in _LOGINS if row.student.ids.get(kind)}:
                self._by_login[login] = None if login in self._by_login else row
        self._students = len(self._unused)
        names = template.header[: template.info]
        self._login_columns = [at for at, name in enumerate(names) if re.search(r"SIS\s+(User|Login)\s+ID", name)]

    def row(self, line: Sequence[str]) -> Row | None:
        """The row of the student of this line."""
        row = self._by_user.get(_at(line, self._template.id_at).strip())
        logins = [login for at in self._login_columns if (login := _at(line, at).strip().casefold())]
        for login in logins:
            found = self._by_login.get(login)
            # Who has a Canvas id is somebody else than whoever has this line's other id.
            if row is None and found is not None and not found.student.ids.get("canvas_user"):
                row = found
        if row is None or self._unused.pop(row.student.key, None) is None:
            self._strangers += 1
            return None
        return row

    def found_nobody(self) -> bool:
        """Whether there are students here, and none of them is in the template."""
        return len(self._unused) == self._students > 0

    def notes(self) -> Iterator[str]:
        """Lines about who is in one of the two only."""
        if self._unused:
            names = [clean_line(one.name or one.key, 60) for one in self._unused.values()]
            yield f"not in the template, so left out: {words.count(len(names), 'student')} ({_some(names)})"
        if self._strangers:
            who = words.count(self._strangers, "student")
            yield f"{who} of the template handed in nothing here and keep what they have"


def _most(template: Template, at: int) -> float | None:
    """The points that a column of the template can have."""
    try:
        return float(_at(template.points, at).strip().replace(",", "."))
    except ValueError:
        return None


def _at(row: Sequence[str], at: int) -> str:
    return row[at] if at < len(row) else ""


def _some(names: Sequence[str]) -> str:
    shown = [clean_line(name, 60) for name in names[:NAMES_SHOWN]]
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(shown) + more
