"""Canvas: one flat folder or zip, with the student's name, number and the file's number before each file's own name.

`doejane_LATE_4711_90210_matmul-1.py`; anonymous: `anon_Ab3dE_90210_matmul.py`; text and web entries end in
`_text.html` and `_link.html`. A student's name may hold `_`, but Canvas keeps numbers between two of them out of it, so
the first number is the student.
"""

from __future__ import annotations

import re

from grader.classroom import Student, Unmatched
from grader.intake.match import Matcher, take_apart
from grader.intake.names import is_skipped, key, plain, shown
from grader.intake.roster import Piece, Roster, Unit
from grader.intake.tree import Parts, Tree

_FILE = re.compile(
    r"(?:(?P<name>.*?)_)?(?:(?P<late>LATE)_)?(?P<user>[0-9]{1,20}|anon_[A-Za-z0-9]{1,40})_(?P<file>[0-9]{1,20})_(?P<own>.+)",
    re.DOTALL,
)
_ENTRY = re.compile(
    r"(?:(?P<name>.*?)_)?(?:(?P<late>LATE)_)?(?P<user>[0-9]{1,20}|anon_[A-Za-z0-9]{1,40})_(?P<kind>text|link)(?:-[0-9]+)?\.html",
    re.DOTALL,
)
# Behind a student's number: a number that could be the student's as well, since one of a file follows.
_SECOND = re.compile(r"[0-9]{1,20}_[0-9]{1,20}_.", re.DOTALL)
_KINDS = {"text": "a text entry, not a file; ask for the file", "link": "a web address, not a file; ask for the file"}


def detect(tree: Tree, top: Parts) -> str:
    """Most files are named as Canvas names them."""
    names = [entry.parts[-1] for entry in tree.here(top) if not is_skipped(entry.parts[-1])]
    found = sum(1 for name in names if _FILE.fullmatch(name) or _ENTRY.fullmatch(name))
    return f"{found} of {len(names)} files are named NAME_NUMBER_NUMBER_FILE" if found * 2 > len(names) else ""


def people(tree: Tree, top: Parts, matcher: Matcher) -> Roster:
    """The students by their Canvas number. What one handed in last is all that Canvas gives out."""
    roster = Roster()
    pieces: dict[str, list[Piece]] = {}
    late: dict[str, bool] = {}
    for child in tree.children(top):
        if child.is_folder and not is_skipped(child.name):
            roster.stray(shown((child.name,)), "is a folder, and Canvas gives out single files")
    entries = [(plain(entry.parts[-1]), entry) for entry in tree.here(top) if not is_skipped(entry.parts[-1])]
    doubtful = _doubtful([name for name, _ in entries])
    for name, entry in entries:
        found = _taken_apart(name)
        if found is None:
            roster.stray(shown((name,)), "is not named as Canvas names files, so nobody can tell whose it is")
            continue
        if name in doubtful:
            roster.stray(shown((name,)), f"may be of the student {found['user']} or of another one with a longer name")
            continue
        user, called = found["user"], found["name"] or ""
        is_anonymous = user.startswith("anon_")
        is_late = found["late"] is not None or (is_anonymous and called == "LATE")
        student = Student(
            key=key("canvas", user),
            name="" if is_anonymous else called,
            ids={"canvas_user": user},
        )
        person = roster.person(student, shown((name,)))
        late[student.key] = late.get(student.key, False) or is_late
        fields = found.groupdict()
        if kind := fields.get("kind"):
            person.lines.append(Unmatched(place=shown((name,)), why=_KINDS[kind], student=person.student))
            continue
        own = fields["own"]
        order = (int(fields["file"]), *take_apart(own).again)
        pieces.setdefault(student.key, []).append(Piece(entry=entry, own=(own,), ref=name, order=order))
    for key_, its in pieces.items():
        roster.people[key_].units.append(Unit(pieces=tuple(its), late=late[key_]))
    return roster


def _taken_apart(name: str) -> re.Match[str] | None:
    return _ENTRY.fullmatch(name) or _FILE.fullmatch(name)


def _doubtful(names: list[str]) -> set[str]:
    """The names that may be another student's.

    Who is called `x_5` and has the number 4711 hands in `x_5_4711_90210_...`, as the student with the number 5 would,
    if called `x`. Canvas gives a student one name; so where files of a number have several, none of them that could be
    read in the other way is believed to be anybody's.
    """
    called: dict[str, set[str]] = {}
    rest: dict[str, list[str]] = {}
    for name in names:
        if found := _taken_apart(name):
            called.setdefault(found["user"], set()).add(found["name"] or "")
            if _SECOND.match(name, found.end("user") + 1):
                rest.setdefault(found["user"], []).append(name)
    return {name for user, some in rest.items() if len(called[user]) > 1 for name in some}
