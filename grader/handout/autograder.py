"""What `run_autograder` of the package for Gradescope runs: grades one hand-in and writes `results.json`.

    python -m grader.handout.autograder /autograder

The folder is laid out by Gradescope: `source/` is the package, `submission/` the student's files, and
`submission_metadata.json` what is known of them. Only this process writes `results/results.json`, when everything that
ran student code has ended. What is printed is for instructors. When anything fails that is not the student's fault
there is no `results.json` and the exit status is 1: Gradescope then says that the autograder failed, and there is no
score.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from grader.course import Course, CourseError
from grader.engine import EngineError, Options
from grader.files import write_atomically
from grader.handout.gradescope import Shown, UngradedError, points_differ, results
from grader.handout.whole import Work, grade_whole
from grader.model import Level
from grader.report import words
from grader.text import clean_line

ROOT = Path("/autograder")
SETTINGS = "settings.json"
COURSE = "course"
NOBODY = 65534  # as setup.sh has it
METADATA_MAX_BYTES = 32 << 20  # it may hold the results of earlier hand-ins


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was chosen when the package was made. `slugs` are its exercises: all of them must be there."""

    slugs: tuple[str, ...]
    show: Shown = Shown()
    required: Level = Level.NONE


class AutograderError(Exception):
    """Our fault, or the package's. One line for the instructor; `log` has the details."""

    def __init__(self, text: str, log: str = "") -> None:
        super().__init__(text)
        self.log = log


def run(root: Path) -> Work:
    """Grade the hand-in below `root` and write its results. Raises AutograderError, and then there are none."""
    settings, course = _package(root / "source")
    os.chdir(root / "submission")  # so that the student's files are shown without folders of this machine
    try:
        with _closed(root / "results"):
            work = grade_whole(course, [Path()], Options(required=settings.required))
        metadata = _metadata(root / "submission_metadata.json")
        contents = results(work.report, metadata, unmatched=work.unmatched, show=settings.show)
    except EngineError as error:
        raise AutograderError(str(error), error.log) from error
    except UngradedError as error:
        problems = [f"{one.slug}: {one.problem}" for one in work.report.exercises if one.slug in error.slugs]
        raise AutograderError(str(error), "\n".join(problems)) from error
    write_atomically(_results_of(root), json.dumps(contents, indent=1, allow_nan=False).encode() + b"\n")
    for line in _told(work, metadata):
        print(clean_line(line, 500))
    return work


def main(arguments: Sequence[str]) -> int:
    """Run. Returns the exit status."""
    root = Path(arguments[0]) if arguments else ROOT
    try:
        _results_of(root).parent.mkdir(exist_ok=True)
        _results_of(root).unlink(missing_ok=True)
        run(root)
    except Exception as error:  # noqa: BLE001  whatever it is, there is no score, and the instructor reads why
        print(f"The grader failed, which is no fault of the student's: {error}")
        print(error.log if isinstance(error, AutograderError) else traceback.format_exc())
        _results_of(root).unlink(missing_ok=True)  # nobody else's either
        print("There is no results.json, so there is no score. Mend it, and run the autograder again.")
        return 1
    return 0


def _results_of(root: Path) -> Path:
    return root / "results" / "results.json"


@contextmanager
def _closed(folder: Path) -> Iterator[None]:
    """Nobody but root with its rights writes into `folder` meanwhile; student code may be root without them.

    So a hand-in that ended the grader with what it wrote there before would leave nothing.
    """
    before = folder.stat()
    if os.name != "posix" or os.geteuid() != 0:
        yield
        return
    try:
        os.chown(folder, NOBODY, NOBODY)
        folder.chmod(0o700)
        if not os.access(folder, os.W_OK):  # a container that gives root less
            os.chown(folder, before.st_uid, before.st_gid)
        yield
    finally:
        os.chown(folder, before.st_uid, before.st_gid)
        folder.chmod(before.st_mode & 0o7777)


def _package(source: Path) -> tuple[Settings, Course]:
    try:
        settings = msgspec.json.decode((source / SETTINGS).read_bytes(), type=Settings)
        course = Course.load(source / COURSE)
    except (OSError, msgspec.MsgspecError, CourseError) as error:
        raise AutograderError(
            f"the package can't be used: {error}; make it again with grade package gradescope"
        ) from error
    lacking = [slug for slug in settings.slugs if slug not in course.slugs]
    if lacking:
        why = "\n".join(course.problems)
        raise AutograderError(f"the package lacks {lacking[0]}; make it again with grade package gradescope", why)
    return settings, course


def _metadata(path: Path) -> Mapping[str, Any]:
    """What Gradescope says of the hand-in. Nothing in it is needed, so nothing that is wrong with it matters."""
    try:
        with path.open("rb") as file:
            value = msgspec.json.decode(file.read(METADATA_MAX_BYTES))
    except (OSError, msgspec.MsgspecError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _told(work: Work, metadata: Mapping[str, Any]) -> list[str]:
    """Lines for the instructor."""
    report = work.report
    lines = [
        f"{one.slug}: {words.STATUS[one.status]}, {words.number(one.score)} of {words.points(one.max_score)}"
        for one in report.exercises
    ]
    level = f"Isolation: {report.isolation.level}"
    missing = "; ".join(report.isolation.missing)
    lines.append(f"{level} (missing: {missing})" if missing else level)
    lines.append(f"Seed {report.seed}, {words.seconds(report.duration_s)}.")
    return [*lines, *filter(None, [points_differ(report, metadata)])]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
