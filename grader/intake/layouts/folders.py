"""One folder per student, or one archive per student, called as the student is.

Folders in it such as `attempt2` or `submission_3` are attempts; any others are the student's own order.
"""

from __future__ import annotations

import re

from grader.classroom import Student
from grader.intake.match import Matcher, is_archive, take_apart
from grader.intake.names import is_skipped, key, plain, shown, stem
from grader.intake.roster import Piece, Roster, Unit
from grader.intake.tree import Parts, Tree

_ATTEMPT = re.compile(r"(?:attempt|submission|try|upload|version)[-_ ]?(?P<number>[0-9]{1,9})", re.IGNORECASE)


def detect(tree: Tree, top: Parts) -> str:
    """There are folders, or archives that are named after nobody's exercise."""
    children = [child for child in tree.children(top) if not is_skipped(child.name)]
    folders = sum(child.is_folder for child in children)
    archives = sum(not child.is_folder and is_archive(child.name) for child in children)
    if folders:
        return f"{folders} folders, and no sign of a learning management system"
    return f"{archives} archives, and no sign of a learning management system" if archives else ""


def people(tree: Tree, top: Parts, matcher: Matcher) -> Roster:
    """The students by the name of their folder."""
    roster = Roster()
    for child in tree.children(top):
        if is_skipped(child.name) or not child.is_folder:
            roster.skipped(child.name)
            continue
        name = plain(child.name)
        person = roster.person(_student(name), shown((name,)))
        if person.units:
            roster.problems.append(f"two folders are both called {shown((name,))}, and are read as one student's")
        attempts = {
            inner.name: int(found["number"])
            for inner in tree.children((*top, child.name))
            if inner.is_folder and (found := _ATTEMPT.fullmatch(inner.name))
        }
        person.units.append(Unit(folders=((*top, child.name),), but=frozenset(attempts), ref=name))
        for inner, number in attempts.items():
            place = (*top, child.name, inner)
            person.units.append(Unit(folders=(place,), ref=plain(f"{name}/{inner}"), number=number))
    for entry in tree.here(top):
        name = plain(entry.parts[-1])
        if is_skipped(name):
            continue
        if is_archive(name):
            named = take_apart(name, dashes=False)
            piece = Piece(entry=entry, own=(name,), ref=name, order=named.again)
            person = roster.person(_student(named.stem), shown((name,)))
            person.units.append(Unit(pieces=(piece,), ref=name))
        elif entry.is_link:
            roster.stray(shown((name,)), "is a link and is not followed")
        elif why := matcher.missed(name):
            roster.stray(
                shown((name,)), why if not stem(name) else "is in no student's folder, so nobody can tell whose it is"
            )
        elif matcher.slug(take_apart(name)):
            roster.stray(shown((name,)), "is in no student's folder, so nobody can tell whose it is")
    return roster


def _student(text: str) -> Student:
    return Student(key=key("folder", text), name=text, ids={"folder": text})
