"""What was graded before: the latest result of each exercise, remembered per course between runs.

One small JSON file per course in the user's state folder. It is a convenience, never a gradebook: when it is
damaged it is started anew, and when it can't be written grading goes on.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import platformdirs

from grader.files import write_atomically
from grader.model import ExerciseResult, Status

VERSION = 1
SIZE_MAX_BYTES = 4 * 1024 * 1024
GRADED_MAX_BYTES = 32 * 1024 * 1024  # no larger file is graded


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """The latest result of one exercise; `path` is the graded file, `graded_at` an ISO 8601 time in UTC."""

    status: Status
    score: float
    max_score: float
    sha256: str
    path: str
    graded_at: str

    def is_stale(self) -> bool:
        """True if the file holds something else now."""
        try:
            with Path(self.path).open("rb") as file:
                now = file.read(GRADED_MAX_BYTES + 1)
        except OSError:
            return False  # moved away; the result is still the latest there is
        return bool(self.sha256) and hashlib.sha256(now).hexdigest() != self.sha256


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """All that is remembered of one course, by slug."""

    version: int = VERSION
    course: str = ""
    exercises: dict[str, Remembered] = {}


def folder() -> Path:
    """Where the grader keeps such files for this user."""
    return platformdirs.user_state_path("grader", appauthor=False)


def load(root: Path) -> tuple[Progress, str]:
    """What is remembered of the course in `root`, and a line if the file is there but can't be used."""
    path = _file(root)
    try:
        with path.open("rb") as file:
            progress = msgspec.json.decode(file.read(SIZE_MAX_BYTES), type=Progress)
    except FileNotFoundError:
        return Progress(course=_text(root)), ""
    except OSError as error:
        return Progress(course=_text(root)), f"{path}: earlier results can't be read ({error.strerror or error})"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Progress(course=_text(root)), f"{path}: earlier results are damaged and are left out; grade again"
    if progress.version != VERSION:
        return Progress(course=_text(root)), f"{path}: earlier results are of another version and are left out"
    return progress, ""


def remember(root: Path, results: Mapping[str, ExerciseResult], paths: Mapping[str, Path], now: str) -> str:
    """Add these results (by slug, with the paths of their files). Returns a line if that isn't possible."""
    earlier, _ = load(root)
    exercises = dict(earlier.exercises)
    for slug, result in results.items():
        if result.status is not Status.UNGRADED:  # the grader's own failure is no result
            exercises[slug] = Remembered(
                status=result.status,
                score=result.score,
                max_score=result.max_score,
                sha256=result.submission.sha256,
                path=_text(paths[slug].absolute()) if slug in paths else "",
                graded_at=now,
            )
    path = _file(root)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(path, msgspec.json.encode(Progress(course=_text(root), exercises=exercises)))
    except OSError as error:
        return f"{path}: the results can't be remembered for `grade list` ({error.strerror or error})"
    return ""


def _file(root: Path) -> Path:
    key = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:20]
    return folder() / "courses" / f"{key}.json"


def _text(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "replace")
