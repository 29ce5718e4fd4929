"""Readers of the other side, written from what the importers of Canvas and Moodle do, to read our files back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

# ---- Canvas ----


class InvalidHeaderRowError(Exception):
    """Canvas refuses the whole file."""


@dataclass
class CanvasCourse:
    """What Canvas knows: assignments by id (title), students by id (name), logins and SIS ids (user id)."""

    assignments: Mapping[int, str]
    students: Mapping[int, str]
    logins: Mapping[str, int] = field(default_factory=dict)


@dataclass
class CanvasImport:
    """What an import would do: grades by (user, assignment), what it would create, and the points it read."""

    grades: dict[tuple[int, int], str]
    points: dict[int, str]
    new_assignments: list[str]
    new_students: list[str]


def read_canvas(data: bytes, course: CanvasCourse) -> CanvasImport:
    """Read a gradebook CSV by the rules of Canvas's importer. Raises InvalidHeaderRowError."""
    text = data.decode()
    delimiter = _canvas_delimiter(text.splitlines(keepends=True)[:3])
    rows = [
        [_canvas_number(cell) for cell in row]
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        if not re.fullmatch(r"[;, ]+", delimiter.join(row) or " ")
    ]
    header, *rest = rows
    if len(header) <= 3 or "Student" not in header[0] or "ID" not in header[1]:
        raise InvalidHeaderRowError(header)
    info, login_at = 3, None
    if re.search(r"SIS\s+Login\s+ID", header[2]):
        info, login_at = 4, 2
    elif re.search(r"SIS\s+User\s+ID", header[2]) and re.search(r"SIS\s+Login\s+ID", header[3]):
        info, login_at = 5, 3
        info += bool(re.search(r"Integration\s+ID", header[4]))
        info += bool(re.search(r"Root\s+Account", header[info - 1]))
    if "Section" not in header[info - 1]:
        raise InvalidHeaderRowError(header)
    found = CanvasImport({}, {}, [], [])
    places = _canvas_assignments(header, info, course, found)
    for row in rest:
        if "Points Possible" in row[0]:
            found.points = {assignment: row[at] for at, assignment in places.items()}
        elif not all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell, re.IGNORECASE) for cell in row):
            user = _canvas_student(row, login_at, course, found)
            found.grades |= {(user, assignment): row[at].strip() for at, assignment in places.items()}
    return found


def _canvas_assignments(header: Sequence[str], info: int, course: CanvasCourse, found: CanvasImport) -> dict[int, int]:
    places = {}
    for at, name in enumerate(header):
        if at < info or re.search(r"(Current|Final|Override) (Score|Points|Grade|Status)", name):
            continue
        parts = re.fullmatch(r"(.*)\s\((\d+)\)", name)
        known = int(parts[2]) if parts and int(parts[2]) in course.assignments else None
        known = known or next((id for id, title in course.assignments.items() if title == name), None)
        if known is None:
            found.new_assignments.append(name)
            known = -len(found.new_assignments)
        places[at] = known
    return places


def _canvas_student(row: Sequence[str], login_at: int | None, course: CanvasCourse, found: CanvasImport) -> int:
    if row[1].isdigit() and int(row[1]) in course.students:
        return int(row[1])
    if login_at is not None and row[login_at] in course.logins:
        return course.logins[row[login_at]]
    for id, name in course.students.items():
        if name == row[0]:
            return id
    found.new_students.append(row[0])
    return -len(found.new_students)


def _canvas_delimiter(lines: Sequence[str]) -> str:
    sizes = {}
    for mark in ";,":
        counts = {len(next(csv.reader([line], delimiter=mark), [])) for line in lines}
        sizes[mark] = counts.pop() if len(counts) == 1 else 0
    return ";" if sizes[";"] > sizes[","] else ","


def _canvas_number(cell: str) -> str:
    if not re.fullmatch(r"-?[0-9.,]+%?", cell):
        return cell
    *whole, last = re.split(r"[,.]", cell)
    return f"{''.join(whole)}.{last}" if whole else last


# ---- Moodle ----


@dataclass
class MoodleGrade:
    """What the importer takes of a line of the worksheet."""

    participant: int
    grade: str
    modified: str
    feedback: str


def php_csv(text: str) -> Iterator[list[str]]:
    """The rows of a CSV file as PHP's fgetcsv reads it, whose escape character is the backslash."""
    row: list[str] = []
    cell: list[str] = []
    quoted = False
    at = 0
    while at < len(text):
        char = text[at]
        if quoted and char == "\\" and at + 1 < len(text):
            cell.append(text[at : at + 2])
            at += 2
            continue
        if quoted and text.startswith('""', at):
            cell.append('"')
            at += 2
            continue
        if char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            row.append("".join(cell))
            cell = []
        elif char in "\r\n" and not quoted:
            if char == "\n":
                yield [*row, "".join(cell)]
                row, cell = [], []
        else:
            cell.append(char)
        at += 1
    if row or cell:
        yield [*row, "".join(cell)]


def read_worksheet(data: bytes, hidden_user: str = "Participant ") -> list[MoodleGrade]:
    """Read a worksheet as Moodle's importer of the English site does. Raises ValueError where it refuses."""
    rows = list(php_csv(data.decode("utf-8-sig")))
    header = rows[0]
    places = {name: header.index(name) for name in ("Identifier", "Grade", "Last modified (grade)")}
    feedback = header.index("Feedback comments") if "Feedback comments" in header else -1
    return [
        MoodleGrade(
            participant=int(row[places["Identifier"]][len(hidden_user) :]),
            grade=row[places["Grade"]],
            modified=row[places["Last modified (grade)"]],
            feedback=row[feedback] if feedback >= 0 else "",
        )
        for row in rows[1:]
    ]


def read_feedback_name(path: str, participants: set[int]) -> tuple[int, str] | None:
    """Whom a file of a feedback zip is for and under which name it is shown, or None if it is passed over."""
    if path.rpartition("/")[2].startswith((".", "~")):
        return None
    parts = path.split("/")
    while parts:
        pieces = parts.pop(0).split("_", 4)
        if len(pieces) < 4 or not pieces[1].isdigit() or int(pieces[1]) not in participants:
            continue
        if (pieces[2], pieces[3]) not in {("assignsubmission", "file"), ("assignsubmission", "onlinetext")}:
            continue
        rest = "/".join([pieces[4] if len(pieces) > 4 else "", *parts])
        return int(pieces[1]), rest.lstrip("/")
    return None


def read_canvas_feedback_name(path: str) -> tuple[int, int] | None:
    """The user and the attachment that Canvas takes a feedback file for, or None if it is passed over."""
    name = path.rpartition("/")[2]
    pieces = name.split("_")
    numbers = [int(piece) for piece in pieces if piece.isascii() and piece.isdigit()]
    if len(numbers) < 2 or pieces[-1].startswith("link") or name.startswith("._"):
        return None
    return numbers[0], numbers[1]


# ---- spreadsheets ----


def begins_a_formula(cell: str) -> bool:
    """Whether a spreadsheet takes this cell for a formula."""
    return cell.lstrip(" \t\r\n\"'\xa0\ufeff").startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20")) and not (
        cell.lstrip(' \t\r\n"\xa0\ufeff').startswith("'")
    )


def formulas(data: bytes) -> list[str]:
    """The cells of a CSV file that some spreadsheet takes for a formula, however it cuts the lines."""
    text = data.decode("utf-8-sig")
    cells = []
    for mark in ",;\t|":
        cells += [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark) for cell in row]
        cells += [cell for line in text.splitlines() for cell in line.split(mark)]
    return [cell for cell in cells if begins_a_formula(cell)]
