"""Who is in a download and where their work is: what every layout comes down to."""

from __future__ import annotations

from typing import Protocol

import msgspec

from grader.classroom import Layout, Student, Unmatched
from grader.intake.match import Matcher
from grader.intake.names import is_of_programs
from grader.intake.tree import Entry, Parts, Tree


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a student: `own` is its path as the student named it, `order` what tells earlier from later."""

    entry: Entry
    own: Parts
    ref: str = ""
    order: tuple[int, ...] = ()


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """What was handed in at one time: single files, and folders with all that is in them but `but`.

    `number` orders the units of a student that have no time.
    """

    pieces: tuple[Piece, ...] = ()
    folders: tuple[Parts, ...] = ()
    but: frozenset[str] = frozenset()
    ref: str = ""
    submitted_at: str = ""
    late: bool | None = None
    number: int = 0


class Person(msgspec.Struct, kw_only=True):
    """A student, and all that is of that student; nothing for one who handed in nothing. `place` is for messages."""

    student: Student
    place: str
    units: list[Unit] = []
    lines: list[Unmatched] = []


class Roster(msgspec.Struct, kw_only=True):
    """The class: people by key, files of nobody, and lines for the instructor."""

    people: dict[str, Person] = {}
    strays: list[Unmatched] = []
    problems: list[str] = []

    def person(self, student: Student, place: str) -> Person:
        """The person with the student's key, who is new if the key is."""
        return self.people.setdefault(student.key, Person(student=student, place=place))

    def skipped(self, folder: str) -> None:
        """A folder among those of the students that is skipped by its name, which may be a student's."""
        if is_of_programs(folder):
            self.stray(folder, "is skipped, as programs make folders of that name; rename it if a student is called so")

    def stray(self, place: str, why: str) -> None:
        """A file of nobody."""
        self.strays.append(Unmatched(place=place, why=why))


class Evidence(msgspec.Struct, frozen=True):
    """That a download looks like a layout: below which folder, and why in a few words."""

    layout: Layout
    top: Parts
    why: str


class Reader(Protocol):
    """A layout: what it is known by, and who is in it."""

    def detect(self, tree: Tree, top: Parts) -> str:
        """Why the folder looks like this layout, in a few words; empty if it does not."""

    def people(self, tree: Tree, top: Parts, matcher: Matcher) -> Roster:
        """The class in the folder."""
