"""python -m tests.bench.others [--submissions N] [--python PATH]: this grader against otter-grader and nbgrader.

All three grade the same homework of the same students with the same checks, those of this course's suites. The other
two must be installed for the interpreter at PATH (the running one, if none is given), with ipykernel and what this
grader needs; one that isn't there is left out, and nothing is installed. Their way of reading files is kept: a
student's homework is one notebook with a cell for each exercise. `otter grade` starts a Docker container for each
submission; `otter run` is the same without it, and is what is measured.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat

from grader.gradebook import Gradebook
from tests.bench.__main__ import FAIR
from tests.bench.checks import IMPORT, Check, checks_of
from tests.bench.usage import Cost, adopt_orphans, run
from tests.course_files import ROOT, course, course_files

SEED = 8
STUDENTS = 6
KINDS = ("reference", "right", "wrong")
SMALL = ("matmul",)  # the other homework has all exercises
LARGER = 10  # how much larger the class is that shows what one more student costs here
FULL = 1e-6  # points that may be missing to full marks: sums of floats
NOTE = """
  What stands between a student's code and the grades, as measured here
    grade batch          the tests are in another process, and the student's is confined: {isolation}
    otter run            nothing: the tests run in the kernel that ran the student's cells, as the same user, so
                         that two lines in place of a solution (a new `test_case.call_func`) get full marks
    (otter grade         a container around both, which protects the machine; the kernel is still shared)
    nbgrader autograde   nothing: the test cells are put back before, and then run in the student's kernel, where one
                         line (an input transformer that drops every later cell) gets full marks
"""

Points = dict[str, float]  # by student


@dataclass(frozen=True)
class Homework:
    """What a class hands in: of each student, the source of each exercise."""

    checks: list[Check]
    students: dict[str, dict[str, str]]

    @property
    def points(self) -> float:
        """Full marks."""
        return sum(check.points for check in self.checks)


def homework(slugs: Sequence[str], students: int) -> Homework:
    """The homework of so many students: in turn reference solutions, right ones and wrong ones; no two are alike."""
    chance = random.Random(SEED)  # noqa: S311  the same class each time
    texts: dict[tuple[str, str], list[str]] = {}
    for file in course_files():
        texts.setdefault((file.exercise.slug, file.kind), []).append(file.path.read_text("utf-8"))
    return Homework(
        [check for one in course().exercises if one.slug in slugs for check in checks_of(str(one.suite))],
        {
            f"student{number:03}-{kind}": {slug: f"{chance.choice(texts[slug, kind])}\n# {number}\n" for slug in slugs}
            for number, kind in ((number, KINDS[number % len(KINDS)]) for number in range(students))
        },
    )


def ours(work: Homework, place: Path, python: str) -> tuple[Cost, Points]:
    """`grade batch`, once for the whole class, with all its reports."""
    for student, files in work.students.items():
        (place / "class" / student).mkdir(parents=True)
        for slug, text in files.items():
            (place / "class" / student / f"{slug}.py").write_text(text, "utf-8")
    command = [sys.executable, "-m", "grader", "batch", str(place / "class"), "--out", str(place / "out")]
    cost = run([*command, "--course", str(ROOT)], env=FAIR)
    slugs = {check.slug for check in work.checks}
    with Gradebook.open(place / "out", read_only=True) as book:
        rows = {row.student.name: row.cells for row in book.rows()}
    return cost, {name: sum(cell.points or 0 for cell in rows[name] if cell.slug in slugs) for name in work.students}


def otter(work: Homework, place: Path, python: str) -> tuple[Cost, Points]:
    """`otter run`, once for each student, with an autograder made by `otter generate`."""
    (place / "tests").mkdir(parents=True)
    for slug in {check.slug for check in work.checks}:
        text = otter_tests(slug, [check for check in work.checks if check.slug == slug])
        (place / "tests" / f"{slug}.py").write_text(text, "utf-8")
    autograder = str(place / "autograder.zip")
    tests = ["-t", str(place / "tests"), "-o", autograder, "--no-config", "--no-requirements", "--no-environment"]
    run([python, "-m", "otter", "generate", *tests], env=_env(place, python))
    costs, points = [], {}
    for student, files in work.students.items():
        (place / student).mkdir()
        notebook = place / student / "homework.ipynb"
        _write(notebook, [nbformat.v4.new_code_cell(text) for text in files.values()])
        there = ["-a", autograder, "-o", str(place / student), "--no-logo", str(notebook)]
        costs.append(run([python, "-m", "otter", "run", *there], env=_env(place, python)))
        found = json.loads((place / student / "results.json").read_text("utf-8"))
        points[student] = sum(test.get("score", 0) for test in found["tests"])
    return Cost(sum(one.cpu_s for one in costs), sum(one.wall_s for one in costs)), points


def otter_tests(slug: str, checks: Sequence[Check]) -> str:
    """A test file of otter for an exercise: a test case for each check."""
    cases = (
        f"@test_case(name={check.name!r}, points={check.points})\ndef {check.name}(env):\n    {check.call('env')}\n"
        for check in checks
    )
    head = f"OK_FORMAT = False\n\nfrom otter.test_files import test_case\n{IMPORT}\n\nname = {slug!r}\n\n"
    return head + "\n".join(cases)


def nbgrader(work: Homework, place: Path, python: str) -> tuple[Cost, Points]:
    """`nbgrader autograde`, once for the whole class, of an assignment made by `nbgrader generate_assignment`."""
    command, there = [python, "-m", "nbgrader"], ["--course-dir", str(place)]
    _write(place / "source" / "hw" / "homework.ipynb", nbgrader_cells(work.checks))
    run([*command, "generate_assignment", "hw", *there], env=_env(place, python))
    release = place / "release" / "hw" / "homework.ipynb"
    for student, files in work.students.items():
        notebook = nbformat.read(release, as_version=4)
        for cell in notebook.cells:
            cell.source = files.get(cell.metadata.nbgrader.grade_id, cell.source)
        _write(place / "submitted" / student / "hw" / "homework.ipynb", notebook.cells)
    cost = run([*command, "autograde", "hw", *there], env=_env(place, python))
    grades = place / "grades.csv"
    run([*command, "export", "--to", str(grades), f"--CourseDirectory.root={place}"], env=_env(place, python))
    with grades.open(encoding="utf-8", newline="") as file:
        return cost, {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def nbgrader_cells(checks: Sequence[Check]) -> list[nbformat.NotebookNode]:
    """The instructor's notebook: for each exercise a cell to solve, and an autograder test cell for each check."""
    cells, seen = [], set()
    for check in checks:
        if check.slug not in seen:
            seen.add(check.slug)
            cells.append(_graded_cell(check.slug, "### BEGIN SOLUTION\n### END SOLUTION\n", solution=True))
        name = f"{check.slug}-{check.name}"
        cells.append(_graded_cell(name, f"{IMPORT}\n{check.call('globals()')}", points=check.points))
    return cells


def _graded_cell(name: str, source: str, *, solution: bool = False, points: float = 0) -> nbformat.NotebookNode:
    about = {"schema_version": 3, "grade_id": name, "solution": solution, "grade": not solution, "task": False}
    about |= {"locked": False} if solution else {"locked": True, "points": points}
    cell: nbformat.NotebookNode = nbformat.v4.new_code_cell(source, metadata={"nbgrader": about})
    return cell


def _write(path: Path, cells: Sequence[nbformat.NotebookNode]) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells), metadata={"kernelspec": kernel}), path)


def _env(place: Path, python: str) -> dict[str, str]:
    """As in the activated environment: nbgrader runs alembic by name. Jupyter's settings of this user stay out."""
    bins = (str(Path(python).parent), os.environ.get("PATH", ""))
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    return {**FAIR, "PATH": os.pathsep.join(bins), **{name: str(place / "jupyter") for name in folders}}


def _version(python: str, package: str) -> str | None:
    code = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


Tool = Callable[[Homework, Path, str], tuple[Cost, Points]]
OTHERS: tuple[tuple[str, str, Tool], ...] = (
    ("otter-grader", "otter run, each", otter),
    ("nbgrader", "nbgrader autograde", nbgrader),
)


def show(students: int, python: str) -> bool:
    """Print the comparison with the tools that are installed; returns whether their points agree with ours."""
    tools: list[tuple[str, Tool]] = []
    for package, name, tool in OTHERS:
        version = _version(python, package)
        print(f"{package} {version}" if version else f"{package} is not installed for {python}: left out")
        tools += [(name, tool)] if version else []
    if not tools:
        return True
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{cores} cores, load {os.getloadavg()[0]:.1f}; grade batch uses all of them, the others one at a time")
    run([python, "-c", "import torch, pytest, ipykernel, nbconvert"], env=FAIR)  # read from disk before it counts
    agreed = [_show_homework(slugs, students, tools, python) for slugs in (SMALL, course().slugs)]
    return all(agreed)


def _show_homework(slugs: Sequence[str], students: int, tools: Sequence[tuple[str, Tool]], python: str) -> bool:
    work, larger = homework(slugs, students), homework(slugs, LARGER * students)
    costs, points = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for name, tool in (("grade batch", ours), *tools):
            costs[name], points[name] = tool(work, Path(folder, name), python)
        many, _ = ours(larger, Path(folder, "larger"), python)
        with Gradebook.open(Path(folder, "grade batch", "out"), read_only=True) as book:
            run_of_ours = book.last_run()
    few, more = costs["grade batch"], (LARGER - 1) * students
    each = {name: Cost(cost.cpu_s / students, cost.wall_s / students) for name, cost in costs.items()}
    each[f"the same, one more of {LARGER * students}"] = Cost(
        (many.cpu_s - few.cpu_s) / more, (many.wall_s - few.wall_s) / more
    )
    print(f"\n{students} students, each with {', '.join(slugs)}: {len(work.checks)} checks, {work.points:g} points")
    print(f"  {'seconds a student, start-up shared':38}{'wall':>9}{'CPU':>9}{'wall ratio':>12}{'CPU ratio':>12}")
    base = each["grade batch"]
    for name, cost in each.items():
        ratios = f"{cost.wall_s / base.wall_s:12.2f}{cost.cpu_s / base.cpu_s:12.2f}"
        print(f"  {name:38}{cost.wall_s:9.3f}{cost.cpu_s:9.3f}{ratios}")
    print(f"  {'points':38}{''.join(f'{name:>20}' for name in points)}")
    for student in work.students:
        print(f"  {student:38}{''.join(f'{found[student]:20g}' for found in points.values())}")
    agreed = agree(work, points)
    if slugs != SMALL:
        print(NOTE.format(isolation=run_of_ours.isolation if run_of_ours else "not known"))
    return agreed


def agree(work: Homework, points: dict[str, Points]) -> bool:
    """Whether all gave full marks to whom they are due, and fewer to all others; says so where not."""
    wrong = [
        f"{name} gives {found[student]:g} of {work.points:g} to {student}"
        for name, found in points.items()
        for student in work.students
        if (found[student] >= work.points - FULL) is student.endswith("wrong")
    ]
    for line in wrong:
        print(f"  The comparison is void: {line}")
    return not wrong


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=STUDENTS, help=f"how many students (default: {STUDENTS})")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the other graders")
    chosen = parser.parse_args()
    adopt_orphans()
    os.chdir(ROOT)
    if not show(chosen.submissions, chosen.python):
        sys.exit(1)


if __name__ == "__main__":
    main()
