"""Read what a class handed in, out of the folder or the archive that an instructor downloaded.

Detection says which layout it has; a layout says who there is and where their work is (`Roster`); `collect` makes one
student's files into hand-ins. Everything in a download is the students': names decide nothing but which exercise a file
is for, and whatever is hostile costs its owner's work and nobody else's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from grader.classroom import Empty, HandIn, Layout, Refused, Unmatched
from grader.course import Course
from grader.intake.archive import must_be_archive, open_download
from grader.intake.caps import IntakeError
from grader.intake.collect import Room, gather
from grader.intake.detect import READERS, find
from grader.intake.match import Matcher
from grader.intake.names import shown
from grader.intake.roster import Roster
from grader.intake.tree import FolderTree, Tree


class Intake:
    """A class's work. `layout` and `why` say what the download is taken for, `problems` are lines for the instructor.

    `students` is how many there are, those who handed in nothing included.
    """

    def __init__(self, layout: Layout, why: str, roster: Roster, room: Room) -> None:
        self.layout = layout
        self.why = why
        self.problems = tuple(roster.problems)
        self.students = len(roster.people)
        self._roster = roster
        self._room = room

    def items(self) -> Iterator[HandIn | Unmatched | Refused | Empty]:
        """Student by student; then the files of nobody. One student's work is held at a time. Can be called again."""
        try:
            for person in self._roster.people.values():
                yield from gather(self._room, person)
            yield from self._roster.strays
        finally:
            self._room.tree.close()


def check_place(place: Path) -> None:
    """Raises IntakeError for what can't be a download by its name: before anything is made for it."""
    text = shown((str(place),))
    if not place.exists():
        raise IntakeError(f"{text} does not exist; name the folder or the archive that was downloaded")
    if not place.is_dir():
        must_be_archive(place)


def read(course: Course, place: Path, work: Path, layout: Layout | None = None) -> Intake:
    """The work of a class in `place`, a folder or an archive; of the layout given, or of the one that it looks like.

    Files out of archives are put into the folder `work`, which is made, under names of ours, and stay there as long as
    the caller needs them. Raises IntakeError, with one line, for a download that can't be read or is ambiguous.
    """
    check_place(place)
    text = shown((str(place),))
    tree: Tree = FolderTree(place) if place.is_dir() else open_download(place, work / "unpacked")
    try:
        matcher = Matcher(course)
        found = find(tree, text, matcher, layout)
        roster = READERS[found.layout][1](tree, found.top, matcher)
    finally:
        tree.close()
    return Intake(found.layout, found.why, roster, Room(tree, course, matcher, work))


__all__ = ["Intake", "IntakeError", "read"]
