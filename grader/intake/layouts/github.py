"""GitHub Classroom: one clone per student, the folder named `<assignment>-<login>`.

Logins may hold `-` as assignments may, so what all folders begin with is the assignment. Nothing in `.git` is read: it
is the student's, and it holds the time of the download rather than that of the work.
"""

from __future__ import annotations

from grader.classroom import Student
from grader.intake.match import Matcher
from grader.intake.names import common, is_skipped, key, plain, shown
from grader.intake.roster import Roster, Unit
from grader.intake.tree import Parts, Tree

_SIGNS = (".git", ".github")


def detect(tree: Tree, top: Parts) -> str:
    """Most folders are repositories."""
    folders = _folders(tree, top)
    found = 0
    # A few are enough to tell: looking into ten thousand takes seconds.
    looked_at = folders[:200]
    for name in looked_at:
        found += any(child.name in _SIGNS for child in tree.children((*top, name)))
    return f"{found} of {len(looked_at)} folders are git repositories" if found * 2 > len(looked_at) else ""


def people(tree: Tree, top: Parts, matcher: Matcher) -> Roster:
    """The students by their login."""
    roster = Roster()
    folders = _folders(tree, top)
    prefix = assignment(folders, top[-1] if top else tree.name)
    if not prefix and folders:
        roster.problems.append(
            f"the folders of the clones do not begin alike (ASSIGNMENT-LOGIN), so {shown(folders[:1])} and the others "
            "are taken for logins as a whole"
        )
    for name in folders:
        login = plain(name[len(prefix) :])
        student = Student(key=key("github", login.lower()), name=login, ids={"github_login": login})
        roster.person(student, shown((name,))).units.append(Unit(folders=((*top, name),), ref=plain(name)))
    for entry in tree.here(top):
        name = entry.parts[-1]
        if not is_skipped(name) and matcher.missed(name):
            roster.stray(shown((name,)), "is in no student's clone")
    return roster


def assignment(folders: list[str], parent: str) -> str:
    """What the folders' names have before the login, with the `-`; empty if they have nothing in common.

    `gh classroom clone student-repos` puts them into ASSIGNMENT-submissions, which settles it.
    """
    named = parent.removesuffix("-submissions") + "-"
    if parent.endswith("-submissions") and all(name.startswith(named) for name in folders):
        return named
    if len(folders) == 1:
        return folders[0][: folders[0].rfind("-") + 1]
    shared = folders[0][: common(folders)] if folders else ""
    return shared[: shared.rfind("-") + 1]


def _folders(tree: Tree, top: Parts) -> list[str]:
    return [child.name for child in tree.children(top) if child.is_folder and not is_skipped(child.name)]
