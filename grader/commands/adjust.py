"""`grade adjust STUDENT EXERCISE POINTS --why TEXT`: a person's decision instead of the suite's, with its reason."""

from __future__ import annotations

import getpass

import click
import msgspec

from grader.classroom import Student
from grader.commands.batch import say_update, told_plainly
from grader.commands.common import Exit, did_you_mean
from grader.commands.publish import publish_beside
from grader.gradebook import Gradebook
from grader.report import words
from grader.text import clean_line

NAME_MAX_CHARS = 60


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line; `points` is None to take an adjustment back."""

    gradebook: str
    student: str
    slug: str
    points: float | None
    why: str
    who: str = ""


def run(request: Request) -> Exit:
    """Adjust one grade. Raises click.UsageError for an unknown student or exercise, or points that can't be."""
    from grader.report import terminal

    out = terminal.console()
    with told_plainly(), Gradebook.open(request.gradebook) as book:
        say_update(book)
        column = next((one for one in book.columns if one.slug == request.slug), None)
        if column is None:
            known = [one.slug for one in book.columns]
            raise click.UsageError(
                f"no exercise of this gradebook is called {clean_line(request.slug, 60)!r}"
                f"{did_you_mean(request.slug, known)}"
            )
        student = _student(book, request.student)
        if request.points is not None and not 0 <= request.points <= column.max_score:
            raise click.UsageError(
                f"{words.number(request.points)} is not between 0 and {words.number(column.max_score)}, "
                f"what {column.slug} is worth"
            )
        book.adjust(student.key, column.slug, request.points, request.why, request.who or getpass.getuser())
        whom = f"{_named(student)}, {column.slug}"
        if request.points is None:
            done = f"{whom}: the suite's score counts again"
        else:
            done = f"{whom}: {words.number(request.points)} of {words.points(column.max_score)} from now on"
        terminal.show_lines(out, [f"{done}. The trail: grade audit"])
        return Exit.FULL_MARKS if publish_beside(book, request.gradebook, out) else Exit.OUR_FAULT


def audit(gradebook: str) -> Exit:
    """Print the trail of everything that people decided."""
    from grader.report import terminal

    out = terminal.console()
    with told_plainly(), Gradebook.open(gradebook, read_only=True) as book:
        names = {row.student.key: row.student.name for row in book.rows()}
        for entry in book.audit():
            name = names.get(entry.student, "")
            who = f"{name} ({entry.student})" if name and name not in entry.student else entry.student
            about = " ".join(part for part in (who, entry.slug) if part)
            parts = (
                entry.at.replace("T", " ").removesuffix("+00:00") + " UTC",
                clean_line(entry.who, 40),
                entry.action,
                clean_line(about, 80),
                clean_line(entry.text, 300),
            )
            terminal.show_lines(out, ["  ".join(part for part in parts if part)])
    return Exit.FULL_MARKS


def _student(book: Gradebook, text: str) -> Student:
    found = book.find_students(text)
    if len(found) == 1:
        return found[0]
    shown = clean_line(text, NAME_MAX_CHARS)
    if not found:
        known = {name for row in book.rows() for name in (row.student.name, row.student.key) if name}
        close = did_you_mean(text, known)
        raise click.UsageError(
            f"no student has the name, e-mail address or id {shown!r}{close or '; the class page lists them'}"
        )
    which = ", ".join(clean_line(one.key, NAME_MAX_CHARS) for one in found[:8])
    raise click.UsageError(f"{len(found)} students are called {shown!r}; say which one: {which}")


def _named(student: Student) -> str:
    return clean_line(student.name or student.key, NAME_MAX_CHARS)
