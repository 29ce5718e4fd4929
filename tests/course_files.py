"""The files of this repository's own course, as jobs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from grader.course import Course, Exercise
from grader.engine import Job

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class CourseFile:
    """A submission that is kept with an exercise. `kind` is stub, reference, right or wrong."""

    exercise: Exercise
    kind: str
    path: Path

    @property
    def name(self) -> str:
        """What a test calls it."""
        return f"{self.exercise.slug}-{self.kind}-{self.path.stem}"

    def job(self) -> Job:
        """The job that grades it."""
        return job_of(self.exercise.slug, self.path)


def job_of(slug: str, path: Path) -> Job:
    """The job that grades the file at `path` as that exercise."""
    data = path.read_bytes()
    return Job(slug=slug, file=f"{slug}.py", sha256=hashlib.sha256(data).hexdigest(), source=data.decode())


def course() -> Course:
    """This repository's course."""
    found = Course.load(ROOT)
    assert not found.problems, found.problems
    return found


def course_files() -> list[CourseFile]:
    """All the files that the course keeps as submissions."""
    files = []
    for exercise in course().exercises:
        files.append(CourseFile(exercise, "stub", exercise.stub))
        files.append(CourseFile(exercise, "reference", exercise.solution))
        for kind in ("right", "wrong"):
            folder = exercise.solution.parent / kind
            files += [CourseFile(exercise, kind, path) for path in sorted(folder.glob("*.py"))]
    return files
