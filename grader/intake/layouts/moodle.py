"""Moodle: `Jane Doe_4711_assignsubmission_file/matmul.py`, or flat `Jane Doe_4711_assignsubmission_file_matmul.py`.

The number is the participant's in this one assignment, not the user's. Older versions end the folder's name in `_`.
Blind marking calls everybody Participant; a team's folder has the team's name and number.
"""

from __future__ import annotations

import re

from grader.classroom import Student, Unmatched
from grader.intake.match import Matcher, take_apart
from grader.intake.names import is_skipped, key, plain, shown
from grader.intake.roster import Person, Piece, Roster, Unit
from grader.intake.tree import Parts, Tree

_NAME = re.compile(
    r"(?P<name>.*?)(?:_(?P<number>[0-9]{1,20}))?_(?P<kind>assignsubmission|assignfeedback)_(?P<plugin>[a-z0-9]+)(?:_(?P<own>.*))?",
    re.DOTALL,
)


def detect(tree: Tree, top: Parts) -> str:
    """Most names hold a number and `assignsubmission`."""
    names = [child.name for child in tree.children(top) if not is_skipped(child.name)]
    found = sum(1 for name in names if _NAME.fullmatch(name))
    return f"{found} of {len(names)} names are NAME_NUMBER_assignsubmission_..." if found * 2 > len(names) else ""


def people(tree: Tree, top: Parts, matcher: Matcher) -> Roster:
    """The students (or teams) by their number in the assignment."""
    roster = Roster()
    folders: dict[str, list[Parts]] = {}
    pieces: dict[str, list[Piece]] = {}
    refs: dict[str, str] = {}
    for child in tree.children(top):
        name = plain(child.name)
        if is_skipped(name) or not child.is_folder:
            continue
        if (person := _person(roster, name)) is None:
            continue
        if _is_text(name):
            _text(person, name)
            continue
        folders.setdefault(person.student.key, []).append((*top, child.name))
        refs.setdefault(person.student.key, name)
    for entry in tree.here(top):
        name = plain(entry.parts[-1])
        if is_skipped(name) or (person := _person(roster, name)) is None:
            continue
        found = _NAME.fullmatch(name)
        own = (found["own"] if found else "") or name
        if _is_text(name):
            _text(person, name)
            continue
        piece = Piece(entry=entry, own=(own,), ref=name, order=take_apart(own).again)
        pieces.setdefault(person.student.key, []).append(piece)
    for its in roster.people:
        if its in folders or its in pieces:
            unit = Unit(pieces=tuple(pieces.get(its, ())), folders=tuple(folders.get(its, ())), ref=refs.get(its, ""))
            roster.people[its].units.append(unit)
    return roster


def _person(roster: Roster, name: str) -> Person | None:
    found = _NAME.fullmatch(name)
    if found is None:
        roster.stray(shown((name,)), "is not named as Moodle names files, so nobody can tell whose it is")
        return None
    if found["kind"] != "assignsubmission":
        return None  # feedback that came along
    number = found["number"] or ""
    student = Student(
        key=key("moodle", number or found["name"]),
        name=found["name"],
        ids={"moodle_participant": number} if number else {},
    )
    return roster.person(student, shown((name,)))


def _is_text(name: str) -> bool:
    found = _NAME.fullmatch(name)
    return found is not None and found["plugin"] != "file"


def _text(person: Person, name: str) -> None:
    why = "a text that was typed in, not a file; ask for the file"
    person.lines.append(Unmatched(place=shown((name,)), why=why, student=person.student))
