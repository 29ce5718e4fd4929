"""What grading needs besides isolation: versions, scratch space, a course, and what comes with extras."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import grader
from grader.course import Course, CourseError
from grader.doctor.findings import Surrounding

FREE_MIB = 500  # what torch, a report and a few submissions want at least
PROBLEMS_SHOWN = 5
_RENDERERS = ("rich", "jinja2", "pygments", "nbformat")


def look_around(course: Path | None, here: Path) -> Iterator[Surrounding]:
    """What there is. `course` is the folder that was named, if any; else it is looked for from `here` upwards."""
    detail = f"{platform.python_version()} ({sys.executable})"
    yield Surrounding(name="Python", ok=True, detail=detail)
    yield Surrounding(name="grader", ok=True, detail=f"{grader.__version__}, on {platform.platform(terse=True)}")
    yield _package("torch")
    yield from _scratch()
    absent = [name for name in _RENDERERS if importlib.util.find_spec(name) is None]
    advice = (f"pip install {' '.join(absent)}",) if absent else ()
    yield Surrounding(name="reports", ok=not absent, detail=" ".join(absent) or "terminal, HTML, JSON", advice=advice)
    yield _watch()
    yield _course(course, here)


def _package(name: str) -> Surrounding:
    try:
        return Surrounding(name=name, ok=True, detail=metadata.version(name))
    except metadata.PackageNotFoundError:
        return Surrounding(name=name, ok=False, detail="not installed", advice=(f"pip install {name}",))


def _scratch() -> Iterator[Surrounding]:
    wanted = os.environ.get("TMPDIR")
    try:
        folder = tempfile.gettempdir()
        free = shutil.disk_usage(folder).free >> 20
    except OSError as error:
        advice = ("Point TMPDIR to a folder that you can write.",)
        yield Surrounding(name="scratch", ok=False, detail=(error.strerror or str(error))[:200], advice=advice)
        return
    lines = []
    if wanted and os.path.realpath(folder) != os.path.realpath(wanted):
        lines.append(f"TMPDIR names {wanted}, which cannot be used.")
    if free < FREE_MIB:
        lines.append(f"Free some space: below {FREE_MIB} MiB a submission may fail for want of it.")
    yield Surrounding(name="scratch", ok=free >= FREE_MIB, detail=f"{folder}, {free:,} MiB free", advice=tuple(lines))


def _watch() -> Surrounding:
    if importlib.util.find_spec("watchfiles") is not None:
        return Surrounding(name="watch", ok=True, detail="--watch works")
    return Surrounding(name="watch", ok=True, detail="only --watch needs it: pip install 'grader[watch]'")


def _course(named: Path | None, here: Path) -> Surrounding:
    try:
        course = Course.load(named) if named is not None else Course.find(here)
    except CourseError as error:
        if named is None:
            return Surrounding(name="course", ok=True, detail="none in this folder or above it")
        return Surrounding(name="course", ok=False, detail=str(error))
    count = len(course.exercises)
    detail = f"{course.root}, {count} exercise{'' if count == 1 else 's'}"
    more = len(course.problems) - PROBLEMS_SHOWN
    lines = (*course.problems[:PROBLEMS_SHOWN], *([f"and {more} more"] if more > 0 else []))
    return Surrounding(name="course", ok=not course.problems, detail=detail, advice=tuple(lines))
