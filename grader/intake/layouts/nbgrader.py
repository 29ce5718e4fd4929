"""nbgrader: `submitted/<student>/<assignment>/` with a `timestamp.txt`; or the exchange's `inbound/`.

The exchange keeps every attempt: `inbound/<student>+<assignment>+<timestamp>+<random>`.
"""

from __future__ import annotations

import re

from grader.classroom import Student
from grader.intake.caps import STAMP_MAX_BYTES, RefusedError
from grader.intake.match import Matcher
from grader.intake.names import is_skipped, key, plain, shown
from grader.intake.roster import Roster, Unit
from grader.intake.times import utc
from grader.intake.tree import Parts, Tree

SUBMITTED = "submitted"
STAMP = "timestamp.txt"
_INBOUND = re.compile(r"(?P<student>[^+]+)\+(?P<assignment>[^+]+)\+(?P<time>[0-9]{4}-[^+]+)(?:\+[^+]*)?")


def detect(tree: Tree, top: Parts) -> str:
    """There is a folder `submitted`, this is one, or folders have time stamps two levels down."""
    folders = _folders(tree, top)
    if SUBMITTED in folders:
        return f"it has a folder {SUBMITTED}"
    found = sum(1 for name in folders if _INBOUND.fullmatch(name))
    if found * 2 > len(folders):
        return f"{found} of {len(folders)} folders are named STUDENT+ASSIGNMENT+TIME"
    # Of most: a file of that name in one student's folder must not decide how all are read.
    looked_at = folders[:20]
    found = sum(_is_stamped(tree, (*top, student)) for student in looked_at)
    return f"{found} of {len(looked_at)} folders have a {STAMP} below" if found * 2 > len(looked_at) else ""


def people(tree: Tree, top: Parts, matcher: Matcher) -> Roster:
    """The students by nbgrader's id; each assignment handed in is an attempt of its own."""
    roster = Roster()
    if SUBMITTED in _folders(tree, top):
        top = (*top, SUBMITTED)
    for child in tree.children(top):
        roster.skipped(child.name)
    for number, name in enumerate(_folders(tree, top)):
        if found := _INBOUND.fullmatch(name):
            student, place = found["student"], (*top, name)
            time = _stamp(tree, place) or utc(found["time"])
            unit = Unit(folders=(place,), ref=plain(name), submitted_at=time, number=number)
            roster.person(_student(student), shown((name,))).units.append(unit)
            continue
        person = roster.person(_student(name), shown((name,)))
        assignments = _folders(tree, (*top, name))
        for inner in assignments:
            place = (*top, name, inner)
            ref = plain(f"{name}/{inner}")
            unit = Unit(folders=(place,), ref=ref, submitted_at=_stamp(tree, place), number=len(person.units))
            person.units.append(unit)
        loose = Unit(folders=((*top, name),), but=frozenset(assignments), ref=plain(name), number=len(person.units))
        person.units.append(loose)
    for entry in tree.here(top):
        name = entry.parts[-1]
        if not is_skipped(name) and matcher.missed(name):
            roster.stray(shown((name,)), "is in no student's folder")
    return roster


def _student(name: str) -> Student:
    text = plain(name)
    return Student(key=key("nbgrader", text), name=text, ids={"nbgrader_student": text})


def _is_stamped(tree: Tree, student: Parts) -> bool:
    for inner in _folders(tree, student)[:5]:
        if any(entry.parts[-1] == STAMP for entry in tree.here((*student, inner))):
            return True
    return False


def _stamp(tree: Tree, folder: Parts) -> str:
    for entry in tree.here(folder):
        if entry.parts[-1] == STAMP and not entry.fault and not entry.is_link:
            try:
                return utc(tree.read(entry, STAMP_MAX_BYTES).decode("utf-8", "replace"))
            except RefusedError:
                return ""
    return ""


def _folders(tree: Tree, top: Parts) -> list[str]:
    return [child.name for child in tree.children(top) if child.is_folder and not is_skipped(child.name)]
