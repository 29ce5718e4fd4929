"""Say which layout a download has, and why; or why nobody can tell."""

from __future__ import annotations

from collections.abc import Callable

from grader.classroom import Layout
from grader.intake.caps import IntakeError
from grader.intake.layouts import canvas, flat, folders, github, gradescope, moodle, nbgrader
from grader.intake.match import Matcher, take_apart
from grader.intake.names import is_skipped
from grader.intake.roster import Evidence, Roster
from grader.intake.tree import Parts, Tree

Detect = Callable[[Tree, Parts], str]
People = Callable[[Tree, Parts, Matcher], Roster]

READERS: dict[Layout, tuple[Detect, People]] = {
    Layout.GRADESCOPE: (gradescope.detect, gradescope.people),
    Layout.CANVAS: (canvas.detect, canvas.people),
    Layout.MOODLE: (moodle.detect, moodle.people),
    Layout.NBGRADER: (nbgrader.detect, nbgrader.people),
    Layout.GITHUB: (github.detect, github.people),
    Layout.FOLDERS: (folders.detect, folders.people),
    Layout.FLAT: (flat.detect, flat.people),
}
# These leave signs of their own. The others are what remains.
_MARKED = (Layout.GRADESCOPE, Layout.CANVAS, Layout.MOODLE, Layout.NBGRADER, Layout.GITHUB)
_WRAPPERS_MAX = 3


def find(tree: Tree, place: str, matcher: Matcher, layout: Layout | None = None) -> Evidence:
    """The layout of a download and the folder in it where the class begins; of that layout, if one is given.

    Raises IntakeError when it is ambiguous or there is nothing.
    """
    tops = _tops(tree)
    if not [child for child in tree.children(tops[-1]) if not is_skipped(child.name)]:
        raise IntakeError(f"{place} holds no files to read; name the folder or the archive that was downloaded")
    if layout is not None:
        return _as_told(tree, tops, layout, matcher)
    for top in tops:
        found = [Evidence(one, top, why) for one in _MARKED if (why := READERS[one][0](tree, top))]
        if len(found) == 1:
            return found[0]
        if found:
            signs = " and ".join(f"{one.layout} ({one.why})" for one in found)
            raise IntakeError(f"{place} looks like {signs}; say which it is with --layout")
    return _unmarked(tree, tops, place, matcher)


def _as_told(tree: Tree, tops: list[Parts], layout: Layout, matcher: Matcher) -> Evidence:
    """Below the wrapper where the layout's own signs are; without any, where the class begins as far as one can see."""
    for top in tops:
        if why := READERS[layout][0](tree, top):
            if layout is Layout.FOLDERS and top != tops[-1] and not _is_person(tree, (*top, _only(tree, top)), matcher):
                continue
            return Evidence(layout, top, why)
    top = tops[-2] if len(tops) > 1 and _is_person(tree, tops[-1], matcher) else tops[-1]
    return Evidence(layout, top, "as told")


def _unmarked(tree: Tree, tops: list[Parts], place: str, matcher: Matcher) -> Evidence:
    top = tops[-1]
    if len(tops) > 1 and _is_person(tree, top, matcher):
        return Evidence(Layout.FOLDERS, tops[-2], "one folder, with the files of one student")
    in_folders, single = folders.detect(tree, top), flat.detect(tree, top)
    names = [entry.parts[-1] for entry in tree.here(top) if not is_skipped(entry.parts[-1])]
    if any(matcher.slug(take_apart(name)) for name in names) and not any(_has_student(matcher, name) for name in names):
        if not in_folders:
            raise IntakeError(
                f"{place} holds the files of one student; put them into a folder that is called as the student is, "
                "or say --layout"
            )
        single = ""
    if in_folders and any(_has_student(matcher, name) for name in names):
        raise IntakeError(
            f"{place} holds {in_folders.partition(',')[0]} and {single}; part them, or say --layout folders or "
            "--layout flat"
        )
    if in_folders:
        return Evidence(Layout.FOLDERS, top, in_folders)
    if single:
        return Evidence(Layout.FLAT, top, f"{single}, and no folders")
    raise IntakeError(
        f"{place} holds nothing that looks like a class: no folders, Python files or notebooks; "
        "name the folder or the archive that was downloaded"
    )


def _has_student(matcher: Matcher, name: str) -> bool:
    named = take_apart(name)
    try:
        return named.suffix in (".py", ".ipynb") and not matcher.slug(named) and bool(matcher.of_one(named)[1])
    except ValueError:
        return True


def _is_person(tree: Tree, folder: Parts, matcher: Matcher) -> bool:
    """Whether files in the folder are called as exercises are, without a student."""
    return any(matcher.slug(take_apart(entry.parts[-1])) for entry in tree.here(folder))


def _tops(tree: Tree) -> list[Parts]:
    """The top, and the folders that are alone in it: archives are often one folder with everything in it."""
    tops: list[Parts] = [()]
    while len(tops) <= _WRAPPERS_MAX and (only := _only(tree, tops[-1])):
        tops.append((*tops[-1], only))
    return tops


def _only(tree: Tree, top: Parts) -> str:
    children = [child for child in tree.children(top) if not is_skipped(child.name)]
    return children[0].name if len(children) == 1 and children[0].is_folder else ""
