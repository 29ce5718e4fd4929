"""GitHub Classroom: results as its reporter reads them, and the workflows that make and pass them on.

The reporter of Classroom (`autograding-grading-reporter`) takes, for each id in `runners`, the environment variable
`<ID>_RESULTS`: JSON in base64. It adds up the `score` of all `tests`, and prints some of the texts into a log in which
a line that begins with `::` is a command; so there is none in them. What student code prints while it is graded goes to
a log as well, which is why commands are stopped there.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from grader.classroom import CellState
from grader.course import Course
from grader.handout.errors import HandoutError
from grader.handout.wheel import constraints, wheel
from grader.model import CheckResult, ExerciseResult, Outcome, Status
from grader.text import clean_line

if TYPE_CHECKING:
    from grader.gradebook import Gradebook

TEMPLATES = Path(__file__).parent / "templates" / "github"
STUDENTS, INSTRUCTOR = "students", "instructor"
# A dispatch has at most 64 KB, all of it; an environment variable 128 KiB.
PAYLOAD_MAX_BYTES = 56_000
EVENT = "grade"
_TEXT_CHARS = (300, 80, 0)
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")


def encode(results: Sequence[ExerciseResult]) -> dict[str, str]:
    """The results of one student by slug, each as the reporter reads it, together at most 56,000 bytes.

    Raises HandoutError when an exercise has no score by our fault: in this format it would be 0 points.
    """
    ungraded = [one.slug for one in results if one.status is Status.UNGRADED]
    if ungraded:
        raise HandoutError(f"not graded, by a failure that is not the student's: {', '.join(ungraded)}")
    for most in _TEXT_CHARS:
        encoded = {one.slug: _encoded(one, most) for one in results}
        if sum(map(len, encoded.values())) <= PAYLOAD_MAX_BYTES:
            return encoded
    raise HandoutError(f"the results of {len(results)} exercises are too long for GitHub; grade fewer at a time")


def write_outputs(encoded: Mapping[str, str], file: Path) -> None:
    """Append the results to the outputs of a step (`$GITHUB_OUTPUT`), one for each slug. Raises OSError."""
    with file.open("a", encoding="ascii") as outputs:
        outputs.write("".join(f"{slug}={value}\n" for slug, value in encoded.items()))


@contextmanager
def commands_stopped(out: TextIO) -> Iterator[None]:
    """Within this, no line in `out`, the log of a step, is a command: only we know the word to go on."""
    word = secrets.token_hex(16)
    print(f"::stop-commands::{word}", file=out, flush=True)
    try:
        yield
    finally:
        print(f"\n::{word}::", file=out, flush=True)


def dispatches(book: Gradebook) -> Iterator[tuple[str, bytes]]:
    """For each student with a repository: its name, and the body of the event that takes the results there.

    Points are those that count in the gradebook, after lateness and adjustments. Students of whom something is not
    graded yet are left out: their points would be too few.
    """
    titles = {column.slug: column for column in book.columns}
    for row in book.rows():
        repository = next((cell.counted.ref for cell in row.cells if cell.counted and cell.counted.ref), "")
        if "github_login" not in row.student.ids or not _NAME.fullmatch(repository) or not row.complete:
            continue
        encoded: dict[str, str] = {}
        for most in _TEXT_CHARS:
            encoded = {
                cell.slug: _counted(
                    titles[cell.slug].title, cell.slug, cell.points or 0.0, cell.max_score, _why(cell, most)
                )
                for cell in row.cells
            }
            if sum(map(len, encoded.values())) <= PAYLOAD_MAX_BYTES:
                break
        body = {"event_type": EVENT, "client_payload": {"results": encoded}}
        yield repository, json.dumps(body).encode()


def _why(cell: Any, most: int) -> str:
    if cell.state is CellState.MISSING:
        return _text("Nothing was handed in.", most)
    return _text(cell.why, most)


def _counted(title: str, slug: str, points: float, worth: float, message: str) -> str:
    """A result of one test: the points of an exercise that count."""
    status = "pass" if points >= worth else "fail"
    test = {"name": _text(title, 200) or slug, "status": status, "score": _points(points), "message": message}
    return _base64({"version": 1, "status": status, "max_score": _points(worth), "tests": [test | _place(slug, 0.0)]})


def _encoded(result: ExerciseResult, most: int) -> str:
    tests = [_test(result.slug, check, most) for check in result.checks]
    if not tests:
        text = _text(result.problem, most)
        tests = [{"name": result.slug, "status": "fail", "score": 0, "message": text} | _place(result.slug, 0.0)]
    status = "pass" if result.status is Status.PASSED else "fail"
    return _base64({"version": 1, "status": status, "max_score": _points(result.max_score), "tests": tests})


def _test(slug: str, check: CheckResult, most: int) -> dict[str, Any]:
    passed = check.outcome is Outcome.PASSED and check.score == check.max_score
    return {
        "name": _text(f"{slug}: {check.title}", 200),
        "status": "pass" if passed else "fail",
        "score": _points(check.score),
        "message": "" if passed else _text(check.message, most),
    } | _place(slug, check.duration_s)


def _place(slug: str, duration_s: float) -> dict[str, Any]:
    return {"test_code": "", "filename": f"{slug}.py", "line_no": 0, "duration": round(duration_s * 1000)}


def _text(text: str, most: int) -> str:
    """One line in which nothing is a command for GitHub: those are `::name::` and the older `##[name]`."""
    if most < 1:
        return ""
    line = clean_line(text, most)
    while "::" in line or "##[" in line:
        line = line.replace("::", ": :").replace("##[", "## [")
    return line


def _points(value: float) -> float:
    """A whole number where it is one, as other graders write it."""
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _base64(value: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(value, allow_nan=False).encode()).decode("ascii")


# ---- workflows ----


def workflows(course: Course, run_in: str = "") -> dict[str, bytes]:
    """The files for the repositories of students (the template) and of the instructor, by path.

    With `run_in`, OWNER/NAME of the course's repository, the workflow of the students grades by itself: then they can
    read the suites. Raises HandoutError for a name that is none.
    """
    if run_in and not _REPOSITORY.fullmatch(run_in):
        raise HandoutError(f"{clean_line(run_in, 80)!r} is no repository; write OWNER/NAME")
    name, built = wheel()
    template = (TEMPLATES / ("run.yml" if run_in else "report.yml")).read_text("utf-8")
    source = "steps.grade.outputs" if run_in else "github.event.client_payload.results"
    environment = "\n".join(f'          {slug.upper()}_RESULTS: "${{{{ {source}.{slug} }}}}"' for slug in course.slugs)
    student = (
        template.replace("@RESULTS@", environment)
        .replace("@RUNNERS@", ",".join(course.slugs))
        .replace("@COURSE@", run_in)
    ).replace("@ONLY@", " ".join(f"--exercise {slug}" for slug in course.slugs))
    instructor = (TEMPLATES / "grade_class.yml").read_text("utf-8")
    instructor = instructor.replace("@ONLY@", " ".join(f"--exercise {slug}" for slug in course.slugs))
    return {
        f"{STUDENTS}/.github/workflows/classroom.yml": student.encode(),
        f"{INSTRUCTOR}/.github/workflows/grade-class.yml": instructor.encode(),
        f"{INSTRUCTOR}/.github/grade/{name}": built,
        f"{INSTRUCTOR}/.github/grade/constraints.txt": constraints(),
    }
