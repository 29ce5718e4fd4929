"""Single files, with the student and the exercise in the name: `doe_matmul.py`, `matmul_doe.py`, `doe-matmul-1.py`.

A notebook may be called after the student alone (`doe.ipynb`): what it holds says which exercises it is for.
"""

from __future__ import annotations

from grader.classroom import Student
from grader.intake.match import Matcher, Named, take_apart
from grader.intake.names import fold, is_skipped, key, plain, shown
from grader.intake.roster import Piece, Roster, Unit
from grader.intake.tree import Entry, Parts, Tree

_PARTING = "_-. +"


def detect(tree: Tree, top: Parts) -> str:
    """There are Python files or notebooks."""
    names = [entry.parts[-1] for entry in tree.here(top) if not is_skipped(entry.parts[-1])]
    found = sum(1 for name in names if take_apart(name).suffix in (".py", ".ipynb"))
    return f"{found} single files" if found else ""


def people(tree: Tree, top: Parts, matcher: Matcher) -> Roster:
    """The students by what is in the files' names besides the exercise."""
    roster = Roster()
    pieces: dict[str, list[Piece]] = {}
    rest: list[tuple[str, Entry, Named]] = []
    for child in tree.children(top):
        if child.is_folder and not is_skipped(child.name):
            roster.stray(shown((child.name,)), "is a folder among single files")
    for entry in tree.here(top):
        name = plain(entry.parts[-1])
        if is_skipped(name):
            continue
        named = take_apart(name)
        if named.suffix not in (".py", ".ipynb"):
            if why := matcher.missed(name):
                roster.stray(shown((name,)), why)
            continue
        if matcher.slug(named):
            roster.stray(shown((name,)), f"has no student in its name, such as doe in doe_{name}")
            continue
        try:
            student, slug = matcher.of_one(named)
        except ValueError:
            roster.stray(shown((name,)), "may be of either of two exercises; put the student's work into a folder")
            continue
        whole = take_apart(name, dashes=False)
        if not slug:
            rest.append((name, entry, whole))
            continue
        if not fold(named.stem).endswith(slug):  # the student comes last, so a number there is the student's
            named = whole
            student, _ = matcher.of_one(whole)
        own = slug + named.suffix
        person = roster.person(_student(student), shown((name,)))
        piece = Piece(entry=entry, own=(own,), ref=name, order=named.again)
        pieces.setdefault(person.student.key, []).append(piece)
    known = {person.student.name for person in roster.people.values()}
    for name, entry, named in rest:
        if named.suffix != ".ipynb":
            roster.stray(shown((name,)), matcher.missed(name, flat=True) or "belongs to no exercise")
            continue
        person = roster.person(_student(_owner(named.stem, known)), shown((name,)))
        piece = Piece(entry=entry, own=(name,), ref=name, order=named.again)
        pieces.setdefault(person.student.key, []).append(piece)
    for its, all_its in pieces.items():
        roster.people[its].units.append(Unit(pieces=tuple(all_its)))
    return roster


def _owner(text: str, known: set[str]) -> str:
    """The student in the name of a notebook: one who is known from other files, else all of it."""
    for end in range(len(text) - 1, 0, -1):
        if text[end] in _PARTING and text[:end] in known:
            return text[:end]
    for start in range(1, len(text)):
        if text[start - 1] in _PARTING and text[start:] in known:
            return text[start:]
    return text


def _student(text: str) -> Student:
    return Student(key=key("folder", text), name=text, ids={"folder": text})
