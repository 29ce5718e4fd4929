"""The hand-out: what students get of a course, and nothing that is private.

All files are made in memory, searched, and only then written: a hand-out with a leak never exists.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import msgspec

from grader.course import EXERCISES, SOLUTIONS, Course, Exercise
from grader.handout.errors import HandoutError
from grader.handout.place import MANIFEST, Changes, put_in_folder, put_in_zip
from grader.handout.private import Private
from grader.handout.readme import TEMPLATES, readme
from grader.handout.stubs import given_away
from grader.submission import shown

NOTEBOOKS = "notebooks"
# What stubs may import; the ranges are those of the grader.
_REQUIREMENTS = "torch>=2.6,<3\nnumpy>=1.26,<3\n"
_NAMED = 10


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What goes into a hand-out. `hand_in` is Markdown in the place of the section on handing in."""

    title: str = "Exercises"
    points: Mapping[str, float] = {}
    hand_in: str = ""
    notebooks: bool = True
    overwrite: bool = False


def release(whole: Course, course: Course, out: Path, wanted: Release) -> Changes:
    """Make the hand-out of `course`, a selection of `whole`, in the folder or zip `out`.

    Raises HandoutError when `out` is no place for it, a stub gives something away or anything shows a private line;
    nothing is written then. Raises OSError.
    """
    _check_place(whole, out)
    files = contents(whole, course, wanted)
    if out.suffix.lower() == ".zip":
        put_in_zip(out, files, overwrite=wanted.overwrite)
        return Changes(added=tuple(sorted(files)))
    return put_in_folder(out, files, overwrite=wanted.overwrite)


def contents(
    whole: Course,
    course: Course,
    wanted: Release,
    make_notebooks: Callable[[Course], Mapping[str, bytes]] | None = None,
) -> dict[str, bytes]:
    """The files of the hand-out by path, searched for leaks. Raises HandoutError, with a line for each leak."""
    public = _checked_stubs(whole, course)
    files = {_path_of(one): one.stub.read_bytes() for one in course.exercises}
    if wanted.notebooks:
        files |= (make_notebooks or notebook_files)(course)
    text = readme(course, wanted.title, points=wanted.points, hand_in=wanted.hand_in, notebooks=wanted.notebooks)
    files["README.md"] = text.encode()
    files[".gitignore"] = (TEMPLATES / "gitignore").read_bytes()
    files["requirements.txt"] = _REQUIREMENTS.encode()
    published = [text for one in whole.exercises for text in (one.slug, one.chapter, one.title, *one.concepts)]
    found = [str(one) for one in Private(whole.root, public, published).leaks(files)]
    found += [
        f"{path} shows where the course lies: {whole.root}"
        for path, data in files.items()
        if str(whole.root).encode() in data
    ]
    if found:
        raise HandoutError("\n".join(["private lines would be handed out, so nothing was written:", *_first(found)]))
    return files


def _path_of(exercise: Exercise) -> str:
    return f"{EXERCISES}/{exercise.chapter}/{exercise.slug}.py"


def _checked_stubs(whole: Course, course: Course) -> list[str]:
    """The sources of the stubs that give nothing away. Raises HandoutError when one of `course` does."""
    public, found = [], []
    for exercise in whole.exercises:
        path, source = _path_of(exercise), exercise.stub.read_text("utf-8")
        try:
            solved = given_away(source, exercise.solution.read_text("utf-8"), exercise.given)
        except SyntaxError as error:
            raise HandoutError(
                f"{path}: Python can't read it or its solution ({error.msg}); grade check {exercise.slug} says more"
            ) from None
        if not solved:
            public.append(source)
        elif exercise in course.exercises:
            found += [f"{path}:{one.line}: {one.text}" for one in solved]
    if found:
        advice = 'If it is given on purpose, name it in exercise.toml: given = ["..."]'
        raise HandoutError("\n".join(["a stub gives work away, so nothing was written:", *_first(found), advice]))
    return public


def notebook_files(course: Course) -> dict[str, bytes]:
    """The notebooks of the exercises, by path. Raises HandoutError for a stub that can't be made into one."""
    # Imported here: it takes a second where Jupyter is installed.
    from grader.notebooks.write import StubError, notebooks

    try:
        return {f"{NOTEBOOKS}/{sheet.place.as_posix()}": sheet.data for sheet in notebooks(course)}
    except StubError as error:
        raise HandoutError(str(error)) from error


def _check_place(course: Course, out: Path) -> None:
    place = out.resolve()
    if course.root.is_relative_to(place):
        raise HandoutError(f"{shown(out)}: the course itself is in it; name another folder")
    for tree in (EXERCISES, SOLUTIONS):
        if place.is_relative_to(course.root / tree):
            raise HandoutError(f"{shown(out)}: it is in {tree}/ of the course; name a place outside of it")
    if out.name == MANIFEST:
        raise HandoutError(f"{shown(out)}: this name is taken; name another one")


def left_out(course: Course) -> list[str]:
    """Files in `exercises/` that are no stub of an exercise, and so in no hand-out: for a person to look at."""
    stubs = {one.stub for one in course.exercises}
    found = [
        path.relative_to(course.root).as_posix()
        for path in sorted((course.root / EXERCISES).rglob("*"))
        if path.is_file() and path not in stubs and not _is_hidden(path.relative_to(course.root).parts)
    ]
    return [path for path in found if Path(path).stem not in course.broken]


def _is_hidden(parts: Collection[str]) -> bool:
    return any(part.startswith((".", "__pycache__")) for part in parts)


def _first(lines: list[str]) -> list[str]:
    more = [f"and {len(lines) - _NAMED} more"] if len(lines) > _NAMED else []
    return [*lines[:_NAMED], *more]
