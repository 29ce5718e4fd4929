"""A course on disk: where it is, which exercises it has, and in what order.

A course is a folder with two trees. `exercises/<chapter>/<slug>.py` are the stubs, which students may have;
`solutions/<chapter>/<slug>/` holds what they may not: `exercise.toml`, the reference solution and the suite.
Nothing is registered: an exercise is a folder with those files. One that is broken is left out, with a line
in `Course.problems` for each thing that is wrong with it, and the others stay usable.
"""

from __future__ import annotations

import graphlib
import heapq
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from grader.model import Limits, Policy
from grader.tables import read_table

EXERCISES = "exercises"
SOLUTIONS = "solutions"
METADATA = "exercise.toml"
# Folders of the two trees that are never a chapter or an exercise.
_NOT_OURS = re.compile(r"[._]|node_modules$")
_SLUG = re.compile(r"[a-z][a-z0-9_]*")
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_MISSING = 'missing; the least that it must hold is one line: title = "..."'

Positive = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Count = Annotated[int, msgspec.Meta(gt=0, le=1 << 30)]
Line = Annotated[str, msgspec.Meta(min_length=1)]


class CourseError(Exception):
    """The course as a whole can't be used. The message is one line: what, where, what to do next."""


class Forbidden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ready-made versions that earn no points: dotted public names, and what to build from `instead`.

    A name covers everything below it: "torch.optim" is the whole package, "torch.Tensor.relu" a method.
    `if_written` is what a name in the source costs (never `CHECK`), `if_run` what one costs that was seen at work.
    """

    names: tuple[Line, ...] = ()
    instead: str = ""
    if_written: Policy = Policy.EXERCISE
    if_run: Policy = Policy.FLAG


class Exercise(msgspec.Struct, frozen=True, kw_only=True):
    """One exercise, with absolute paths of its files. `chapter` is the name of its folder.

    `given` names functions and classes whose code students get with the stub.
    """

    slug: str
    chapter: str
    title: str
    concepts: tuple[str, ...] = ()
    prerequisites: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    forbidden: Forbidden = Forbidden()
    limits: Limits = Limits()
    stub: Path
    solution: Path
    suite: Path


class _LimitsTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    wall_s: Positive = Limits().wall_s
    cpu_s: Positive = Limits().cpu_s
    memory_mib: Count = Limits().memory_mib
    file_mib: Count = Limits().file_mib
    output_kib: Count = Limits().output_kib


class _Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: Line
    concepts: tuple[Line, ...] = ()
    prerequisites: tuple[Line, ...] = ()
    hints: tuple[Line, ...] = ()
    given: tuple[Line, ...] = ()
    forbidden: Forbidden = Forbidden()
    limits: _LimitsTable = _LimitsTable()


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """The exercises in course order; `problems` are lines for the instructor, `broken` the slugs left out."""

    root: Path
    exercises: tuple[Exercise, ...] = ()
    problems: tuple[str, ...] = ()
    broken: frozenset[str] = frozenset()

    @property
    def slugs(self) -> tuple[str, ...]:
        """The slugs in course order."""
        return tuple(exercise.slug for exercise in self.exercises)

    def get(self, slug: str) -> Exercise | None:
        """The exercise of that slug, or None."""
        return next((exercise for exercise in self.exercises if exercise.slug == slug), None)

    @classmethod
    def find(cls, start: Path) -> Course:
        """The course that `start` is in, or at: the nearest folder upwards with both trees.

        Raises CourseError when there is none, and says so when only the half for students is there.
        """
        start = start.resolve()
        without_suites: Path | None = None
        for folder in (start, *start.parents):
            has_stubs, has_suites = (folder / EXERCISES).is_dir(), (folder / SOLUTIONS).is_dir()
            if has_stubs and has_suites:
                return cls.load(folder)
            if has_stubs and without_suites is None:
                without_suites = folder
        if without_suites is not None:
            raise CourseError(_no_suites(without_suites))
        raise CourseError(
            f"no course at {start} or above it: a course is a folder with {EXERCISES}/ and {SOLUTIONS}/; "
            "name it with --course DIR"
        )

    @classmethod
    def load(cls, root: Path) -> Course:
        """Read the course in `root`. Raises CourseError when it is not one; broken exercises are left out."""
        root = root.resolve()
        if not (root / EXERCISES).is_dir():
            raise CourseError(f"{root} is not a course: it has no folder {EXERCISES}/ with the stubs")
        if not (root / SOLUTIONS).is_dir():
            raise CourseError(_no_suites(root))
        problems: list[str] = []
        broken: set[str] = set()
        found: dict[str, list[Exercise]] = defaultdict(list)
        seen: set[str] = set()
        try:
            for folder in _folders(root):
                seen.add(folder.name)
                exercise, wrong = _read(root, folder)
                problems += wrong
                if exercise is None:
                    broken.add(folder.name)
                else:
                    found[folder.name].append(exercise)
        except OSError as error:
            raise CourseError(f"can't read the course in {root}: {error.strerror or error}") from error
        exercises = []
        for slug, same in found.items():
            if len(same) > 1:
                places = " and ".join(f"{SOLUTIONS}/{one.chapter}/{slug}" for one in same)
                problems.append(f"the slug {slug} is there twice: {places}; rename one of them")
                broken.add(slug)
            elif slug not in broken:
                exercises.append(same[0])
        for exercise in exercises:
            problems += _unknown_prerequisites(exercise, seen)
        ordered, cycles = _in_order(exercises)
        problems += cycles
        return cls(root=root, exercises=ordered, problems=tuple(problems), broken=frozenset(broken))


def _no_suites(root: Path) -> str:
    return (
        f"{root} has {EXERCISES}/ but no {SOLUTIONS}/: the hidden suites are the instructor's and are not "
        "handed out; grade where they are, or name that course with --course DIR"
    )


def _folders(root: Path) -> Iterator[Path]:
    """The folders of the exercises, by chapter and slug."""
    for chapter in sorted((root / SOLUTIONS).iterdir()):
        if chapter.is_dir() and not _NOT_OURS.match(chapter.name):
            for folder in sorted(chapter.iterdir()):
                # What git leaves behind of a renamed exercise (only __pycache__ in it) is none.
                if (
                    folder.is_dir()
                    and not _NOT_OURS.match(folder.name)
                    and any(not _NOT_OURS.match(entry.name) for entry in folder.iterdir())
                ):
                    yield folder


def _read(root: Path, folder: Path) -> tuple[Exercise | None, list[str]]:
    """The exercise in that folder of `solutions/`, or None and what is wrong with it."""
    slug, chapter = folder.name, folder.parent.name
    place = f"{SOLUTIONS}/{chapter}/{slug}"
    if not _SLUG.fullmatch(slug):
        return None, [f"{place}: a slug has small letters, digits and _ and starts with a letter; rename it"]
    stub = root / EXERCISES / chapter / f"{slug}.py"
    solution, suite = folder / f"{slug}.py", folder / f"test_{slug}.py"
    wrong = [
        f"{shown}: the {what} of {slug} is missing; add the file"
        for path, shown, what in (
            (stub, f"{EXERCISES}/{chapter}/{slug}.py", "stub"),
            (solution, f"{place}/{slug}.py", "reference solution"),
            (suite, f"{place}/test_{slug}.py", "suite"),
        )
        if not path.is_file()
    ]
    shown = f"{place}/{METADATA}"
    metadata = read_table(folder / METADATA, _Metadata, missing=_MISSING)
    if isinstance(metadata, str):
        return None, [f"{shown}: {metadata}", *wrong]
    bad_names = [name for name in metadata.forbidden.names if not _DOTTED.fullmatch(name)]
    wrong += [
        f"{shown}: key forbidden.names: {name!r} is not a dotted name such as torch.nn.Linear" for name in bad_names
    ]
    if metadata.forbidden.if_written is Policy.CHECK:
        wrong.append(
            f'{shown}: key forbidden.if_written: a name in the source belongs to no single check, so "check" is not '
            "possible; use exercise, flag or off"
        )
    if wrong:
        return None, wrong
    limits = Limits(**msgspec.structs.asdict(metadata.limits))
    return (
        Exercise(
            slug=slug,
            chapter=chapter,
            title=metadata.title,
            concepts=metadata.concepts,
            prerequisites=metadata.prerequisites,
            hints=metadata.hints,
            given=metadata.given,
            forbidden=metadata.forbidden,
            limits=limits,
            stub=stub,
            solution=solution,
            suite=suite,
        ),
        [],
    )


def _unknown_prerequisites(exercise: Exercise, seen: set[str]) -> list[str]:
    # Against everything seen: a prerequisite that is itself broken has its own line already.
    shown = f"{SOLUTIONS}/{exercise.chapter}/{exercise.slug}/{METADATA}"
    return [
        f"{shown}: key prerequisites: no exercise is called {slug!r}"
        for slug in exercise.prerequisites
        if slug not in seen
    ]


def _in_order(exercises: Sequence[Exercise]) -> tuple[tuple[Exercise, ...], list[str]]:
    """By chapter, within it prerequisites first, then by slug. A circle is a problem and keeps slug order."""
    by_chapter: dict[str, dict[str, Exercise]] = defaultdict(dict)
    for exercise in sorted(exercises, key=lambda one: (one.chapter, one.slug)):
        by_chapter[exercise.chapter][exercise.slug] = exercise
    ordered: list[Exercise] = []
    problems: list[str] = []
    for chapter, by_slug in by_chapter.items():
        sorter: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter()
        for slug, exercise in by_slug.items():
            sorter.add(slug, *(needed for needed in exercise.prerequisites if needed in by_slug))
        try:
            sorter.prepare()
        except graphlib.CycleError as error:
            circle = " -> ".join(error.args[1])
            problems.append(f"{SOLUTIONS}/{chapter}: the prerequisites go round in a circle: {circle}")
            ordered += by_slug.values()
            continue
        ready: list[str] = []
        while sorter.is_active():
            for slug in sorter.get_ready():
                heapq.heappush(ready, slug)
            # One at a time: what it makes ready competes by slug with what waits already.
            slug = heapq.heappop(ready)
            ordered.append(by_slug[slug])
            sorter.done(slug)
    return tuple(ordered), problems
