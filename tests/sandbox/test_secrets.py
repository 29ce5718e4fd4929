"""Nothing of suites, reference solutions, the judge or the course's path is where a worker can see it.

Each place gets a canary. A submission then searches its memory, its descriptors, its environment and every file that it
can open (searcher.py), and finds its own canaries only.
"""

from __future__ import annotations

import ast
import hashlib
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import Course
from grader.engine import Engine, ExerciseFinished, Job, Options, Ready

ROOT = Path(__file__).resolve().parents[2]
SEARCHER = Path(__file__).with_name("submissions").joinpath("searcher.py").read_text()
OWN = {"C4N4" + "RY" + digit * 16 for digit in "1234"}


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    places = ("course", "suite", "solution", "environment", "other", "wrong")
    made = {place: "C4N4" + "RY" + secrets.token_hex(8) for place in places}
    monkeypatch.setenv("API_TOKEN", made["environment"])
    return made


@pytest.fixture
def course(tmp_path: Path, canaries: dict[str, str]) -> Course:
    root = tmp_path / f"course-{canaries['course']}"
    for tree in ("exercises", "solutions"):
        shutil.copytree(ROOT / tree / "03_modules", root / tree / "03_modules", ignore=shutil.ignore_patterns("__py*"))
    private = root / "solutions" / "03_modules" / "relu"
    for name, place in (("test_relu.py", "suite"), ("relu.py", "solution"), ("wrong/canary.py", "wrong")):
        with (private / name).open("a") as file:
            file.write(f"\nCANARY = [{canaries[place]!r}]\n")
    return Course.load(root)


@pytest.fixture(params=["", "bubblewrap", "landlock"])
def engine(request: pytest.FixtureRequest, course: Course) -> Iterator[Engine]:
    with Engine(course, course.slugs, Options(without=(request.param,), timeout_s=300)) as started:
        (ready,) = started.grade([])
        assert isinstance(ready, Ready)
        assert not ready.isolation.missing
        yield started


@pytest.mark.timeout(400)
def test_a_search_of_all_that_a_worker_can_see_finds_no_secret(
    engine: Engine, course: Course, canaries: dict[str, str]
) -> None:
    relu = course.get("relu")
    assert relu is not None
    # Another student's submission, and the reference solution, were there before.
    sources = [f"{relu.solution.read_text()}\nOTHER = {canaries['other']!r}\n", relu.solution.read_text(), SEARCHER]
    results = []
    for source in sources:
        job = Job(slug="relu", file="relu.py", sha256=hashlib.sha256(source.encode()).hexdigest(), source=source)
        results += [event.result for event in engine.grade([job]) if isinstance(event, ExerciseFinished)]
    assert [result.score for result in results] == [10, 10, 0]
    message = results[2].checks[0].message
    told = re.fullmatch(r"Your code raised LookupError: (\{.*?\}) (\{.*\})", message)
    assert told, message
    counts, found = ast.literal_eval(told[1]), ast.literal_eval(told[2])
    assert counts["memory"] > 100 << 20
    assert counts["files"] > 2000
    assert counts["bytes"] > 20 << 20
    assert counts["descriptors"] >= 4
    assert counts["environment"] >= 5
    assert set(found) == OWN, found
    everywhere = {where.partition(" ")[0] for places in found.values() for where in places}
    assert everywhere >= {"memory", "files", "names", "environment", "descriptors"}
