"""Moodle: the grading worksheet, filled, and the zip of feedback files.

The worksheet is the one that Moodle gave out and never made here: its columns are named in the site's language, and
the dates in it decide whether an import overwrites a newer grade. Only grades and comments change; every other cell
keeps its bytes, so nothing is made safe for a spreadsheet in it: Moodle has to know its own cells again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from grader.classroom import Row
from grader.handback import cells, feedback, zips
from grader.handback.book import Book, Export, HandBackError, graded_of, results_in
from grader.handback.target import mismatch, scaled, target_of, unsaid
from grader.handback.worksheet import Sheet
from grader.report import words
from grader.text import clean_line

WORKSHEET_MAX_BYTES = 256 * 1024 * 1024  # it may hold what students wrote online
_PARTICIPANT = re.compile(r"(\d+)\s*$")
_FOLDER = re.compile(r"[^_/\\\x00-\x1f]*_(\d+)_assignsubmission_file_?")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """`slug` is the exercise that the assignment is for, or empty for the total. Columns by their header."""

    slug: str = ""
    grade_column: str = "Grade"
    feedback_column: str = "Feedback comments"
    maximum_column: str = "Maximum Grade"
    email_column: str = "Email address"
    open_column: str = "Grade can be changed"
    closed: tuple[str, ...] = ("no",)
    scale: bool = False
    decimal_comma: bool = False


def worksheet(book: Book, wanted: Wanted, data: bytes) -> Export:
    """The worksheet with the grades in it. Raises HandBackError."""
    slug = wanted.slug or (book.columns[0].slug if len(book.columns) == 1 else "")
    target = target_of(book.columns, slug)
    sheet, mark = _read(data)
    at = _Columns(sheet, wanted)
    comma = wanted.decimal_comma or _has_comma(sheet, at)
    by_participant = {row.student.ids["moodle_participant"]: row for row in book.rows() if _participant(row)}
    by_email = _by_email(book)
    notes: list[str] = []
    filled: set[str] = set()
    blank = strangers = closed = others = 0
    for line in range(1, len(sheet.rows)):
        found = _PARTICIPANT.search(sheet.value(line, 0))
        email = sheet.value(line, at.email).strip().casefold()
        row = by_participant.get(found[1]) if found else None
        if row is not None and email and row.student.ids.get("email", email).casefold() != email:
            others += 1  # the number says one person and the address another: touch nothing
            continue
        row = row or by_email.get(email)
        if row is None or row.student.key in filled:
            strangers += 1
            continue
        filled.add(row.student.key)
        if sheet.value(line, at.open).strip().casefold() in wanted.closed:
            closed += 1
            continue
        points, most = target.points(row), _number(sheet.value(line, at.maximum))
        if line == 1 and (said := mismatch(target, most, "the worksheet", scale=wanted.scale)):
            notes.append(said)
        if points is None:
            blank += 1
            continue
        sheet.put(line, at.grade, cells.number(scaled(points, target, most, scale=wanted.scale), comma=comma))
        if at.feedback >= 0:
            told = feedback.lines(_narrowed(row, slug), book.columns, results_in(graded_of(book, row)))
            sheet.put(line, at.feedback, feedback.as_comment(told))
    if by_participant and not filled:
        raise HandBackError("nobody in this gradebook is in the worksheet; is it of this assignment?")
    absent = [row.student for row in book.rows() if row.student.key not in filled]
    notes += filter(
        None,
        (
            unsaid(blank),
            f"left alone: {words.count(closed, 'grade')} that can't be changed in Moodle" if closed else "",
            f"left alone: {words.count(strangers, 'line')} of students who handed in nothing here" if strangers else "",
            f"left alone: {words.count(others, 'line')} where number and e-mail address disagree" if others else "",
            _absent([clean_line(one.name or one.key, 60) for one in absent]),
        ),
    )
    return Export(pieces=[mark + sheet.text().encode()], notes=notes)


def _read(data: bytes) -> tuple[Sheet, bytes]:
    """The worksheet, and the byte order mark that it began with."""
    if len(data) > WORKSHEET_MAX_BYTES:
        raise HandBackError(f"the worksheet has more than {WORKSHEET_MAX_BYTES >> 20} MiB; download it again")
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    try:
        sheet = Sheet(data[len(mark) :].decode())
    except UnicodeDecodeError:
        raise HandBackError("the worksheet is not UTF-8; download it again and do not open it in between") from None
    if len(sheet.rows) < 2:
        raise HandBackError("the worksheet has no students in it; download it again in Moodle")
    return sheet, mark


class _Columns:
    """Where the columns stand, -1 for one that is not there. The first is always the identifier."""

    def __init__(self, sheet: Sheet, wanted: Wanted) -> None:
        headers = [sheet.value(0, at).strip() for at in range(len(sheet.rows[0]))]
        places = {name.casefold(): at for at, name in enumerate(headers)}

        def place(name: str) -> int:
            return places.get(name.strip().casefold(), -1)

        self.grade = place(wanted.grade_column)
        self.feedback = place(wanted.feedback_column)
        self.maximum = place(wanted.maximum_column)
        self.email = place(wanted.email_column)
        self.open = place(wanted.open_column)
        there = ", ".join(clean_line(name, 40) for name in headers[:20])
        if self.grade < 1 or not all(_PARTICIPANT.search(sheet.value(at, 0)) for at in range(1, len(sheet.rows))):
            raise HandBackError(
                f"this is no grading worksheet with a column {wanted.grade_column!r}: it has {there}; in another "
                "language say --grade-column NAME (and --feedback-column NAME)"
            )
        if self.feedback < 0 and wanted.feedback_column != Wanted().feedback_column:
            raise HandBackError(f"the worksheet has no column {wanted.feedback_column[:60]!r}: it has {there}")


def _participant(row: Row) -> str:
    return row.student.ids.get("moodle_participant", "")


def _by_email(book: Book) -> dict[str, Row]:
    found: dict[str, Row] = {}
    twice: set[str] = set()
    for row in book.rows():
        email = row.student.ids.get("email", "").casefold()
        if email in found:
            twice.add(email)
        if email:
            found[email] = row
    return {email: row for email, row in found.items() if email not in twice}


def _has_comma(sheet: Sheet, at: _Columns) -> bool:
    """Whether the site writes 10,00: it must be given what it writes itself."""
    shown = (sheet.value(line, place) for line in range(1, len(sheet.rows)) for place in (at.maximum, at.grade))
    return any(re.fullmatch(r"\s*\d+,\d+\s*", one) for one in shown)


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def _narrowed(row: Row, slug: str) -> Row:
    """The row with the exercise of the assignment only."""
    if not slug:
        return row
    return msgspec.structs.replace(row, cells=tuple(cell for cell in row.cells if cell.slug == slug))


def _absent(names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    who = words.count(len(names), "student")
    return f"not in the worksheet, so left out: {who} ({', '.join(names[:5])}{more})"


# ---- feedback files ----


def feedback_zip(book: Book, render: Callable[[Row], tuple[str, bytes]]) -> Export:
    """A zip with one feedback file for each student in the folder by which Moodle knows the submission.

    `render` gives the name of the file and its bytes.
    """
    notes: list[str] = []

    def entries() -> Iterator[tuple[str, bytes]]:
        left_out = known = 0
        for row in book.rows():
            folder = _folder(row)
            if not folder:
                left_out += 1
                continue
            known += 1
            name, content = render(row)
            yield f"{folder}/{name}", content
        if left_out and not known:
            raise HandBackError("nobody in this gradebook has a participant number, which a download of Moodle holds")
        if left_out:
            who = words.count(left_out, "student")
            notes.append(f"{who} left out: no participant number of Moodle is known of them")

    return Export(pieces=zips.pieces(entries()), notes=notes)


def _folder(row: Row) -> str:
    """The folder of the download; made from the participant's number, which is what counts, where it was another."""
    refs = {attempt.ref for cell in row.cells for attempt in cell.attempts}
    participant = _participant(row)
    known = [ref for ref in sorted(refs) if (found := _FOLDER.fullmatch(ref)) and participant in ("", found[1])]
    # Hidden files are passed over, and a name that is a path of its own must never come to be.
    if known and not known[0].startswith((".", "~")) and len(known[0]) <= 200:
        return known[0]
    if not (participant.isascii() and participant.isdigit()):
        return ""
    name = re.sub(r'[_/\\:*?"<>|]', " ", clean_line(row.student.name, 80)).strip(" .~") or "Participant"
    return f"{name}_{participant}_assignsubmission_file"
