"""What the tests of the intake share: a course with three exercises, and what was read, in short."""

from __future__ import annotations

from pathlib import Path

from grader.classroom import Empty, HandIn, Layout, Refused, Unmatched
from grader.course import Course, Exercise
from grader.intake import read

SLUGS = ("matmul", "linear", "cross_entropy")


def make_course(folder: Path, slugs: tuple[str, ...] = SLUGS, broken: tuple[str, ...] = ()) -> Course:
    """A course of which only the slugs and the stubs are looked at."""
    exercises = []
    for slug in slugs:
        stub = folder / "course" / f"{slug}.py"
        stub.parent.mkdir(exist_ok=True)
        stub.write_text(f"# the stub of {slug}\n")
        exercises.append(Exercise(slug=slug, chapter="01", title=slug, stub=stub, solution=stub, suite=stub))
    return Course(root=folder / "course", exercises=tuple(exercises), broken=frozenset(broken))


class Found:
    """The items of an intake, by kind."""

    def __init__(self, tmp_path: Path, place: Path, layout: Layout | None = None, course: Course | None = None) -> None:
        self.intake = read(course or make_course(tmp_path), place, tmp_path / "work", layout)
        items = list(self.intake.items())
        self.hand_ins = [item for item in items if isinstance(item, HandIn)]
        self.unmatched = [item for item in items if isinstance(item, Unmatched)]
        self.refused = [item for item in items if isinstance(item, Refused)]
        self.empty = [item for item in items if isinstance(item, Empty)]

    @property
    def sources(self) -> set[tuple[str, int, str, str | None]]:
        """(key, attempt, slug, source) of all that was handed in."""
        return {(one.student.key, one.attempt, one.submission.slug, one.submission.source) for one in self.hand_ins}

    @property
    def keys(self) -> set[str]:
        """The students of whom anything is said."""
        keys = {one.student.key for one in self.hand_ins} | {one.student.key for one in self.refused}
        return keys | {one.student.key for one in self.empty}

    @property
    def said(self) -> list[str]:
        """The lines, with their places."""
        return [f"{one.place}: {one.why}" for one in self.unmatched] + [
            f"{one.place}: {one.why}" for one in self.refused
        ]
