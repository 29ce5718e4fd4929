"""Every attack in this folder, through one engine, with an honest submission after each.

An attack is one hostile file. The first line of its docstring says what must happen; the lines at its end are for
this test: `exercise` is the one it is submitted to, `keeps` the checks that it passes honestly, `expect` how the
others may end. Nothing else may pass, nobody else may be hurt, and nothing may be left behind.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.course import Course
from grader.engine import Engine, ExerciseFinished, Job, Options
from grader.model import ExerciseResult, Outcome, Status
from tests import processes

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# Short, since some attacks let it pass several times. Honest checks take milliseconds.
TIMEOUT_S = 2.0
# The judge, its zygote, a spare worker. Those of the last submission may still be going.
AT_REST = 3


@dataclass(frozen=True)
class Attack:
    """One file of this folder. `gap` names a known weakness that lets it through for now."""

    name: str
    source: str
    summary: str
    exercise: str
    expect: frozenset[str]
    keeps: frozenset[str]
    status: str
    gap: str

    @classmethod
    def read(cls, path: Path) -> Attack:
        source = path.read_text("utf-8")
        found = re.match(r'r?"""(.*?)"""', source, re.DOTALL)
        assert found, f"{path.name} has no docstring"
        text = ast.literal_eval(found.group())
        fields = dict(re.findall(r"^(exercise|expect|keeps|status|gap): (.*)$", text, re.MULTILINE))
        return cls(
            name=path.stem,
            source=source,
            summary=text.partition("\n")[0],
            exercise=fields["exercise"],
            expect=frozenset(fields.get("expect", "").split()),
            keeps=frozenset(fields.get("keeps", "").split()),
            status=fields.get("status", ""),
            gap=fields.get("gap", ""),
        )


ATTACKS = [Attack.read(path) for path in sorted(HERE.glob("*.py")) if not path.name.startswith("test_")]


def _cases() -> Iterator[object]:
    for attack in ATTACKS:
        marks = [pytest.mark.xfail(reason=attack.gap)] if attack.gap else []
        yield pytest.param(attack, id=attack.name, marks=marks)


@pytest.fixture(scope="module")
def course() -> Course:
    return Course.load(ROOT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes of this run put their temporary files, and what they are recognised by."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def engine(course: Course, folder: Path) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        with Engine(course, course.slugs, Options(seed=20, timeout_s=TIMEOUT_S)) as started:
            list(started.grade([]))
            yield started


def grade(engine: Engine, slug: str, source: str) -> ExerciseResult:
    digest = hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()
    *_, last = engine.grade([Job(slug=slug, file=f"{slug}.py", sha256=digest, source=source)])
    assert isinstance(last, ExerciseFinished)
    return last.result


def assert_full_marks(engine: Engine, course: Course, slug: str) -> None:
    exercise = course.get(slug)
    assert exercise is not None
    result = grade(engine, slug, exercise.solution.read_text())
    told = [(c.id, str(c.outcome), c.message) for c in result.checks if c.outcome is not Outcome.PASSED]
    assert (result.status, told) == (Status.PASSED, [])
    assert result.score == result.max_score > 0


@pytest.mark.parametrize("attack", list(_cases()))
def test_an_attack_gains_nothing_and_hurts_nobody(attack: Attack, engine: Engine, course: Course, folder: Path) -> None:
    result = grade(engine, attack.exercise, attack.source)
    assert_full_marks(engine, course, attack.exercise)
    left = processes.left_after(folder, allowed=AT_REST)
    assert not left, f"still there: {left}"
    if attack.status:
        assert (str(result.status), result.score) == (attack.status, 0), result.problem
        return
    outcomes = {check.id: str(check.outcome) for check in result.checks}
    passed = {name for name, outcome in outcomes.items() if outcome == Outcome.PASSED}
    assert passed == attack.keeps, result.checks
    others = {name: outcome for name, outcome in outcomes.items() if name not in passed}
    assert set(others.values()) <= attack.expect, result.checks
    assert result.status is Status.FAILED
    assert result.score == sum(check.max_score for check in result.checks if check.id in attack.keeps)
    assert all(len(check.message) <= 5000 for check in result.checks)


def test_every_attack_says_what_must_happen() -> None:
    assert len(ATTACKS) >= 45
    for attack in ATTACKS:
        assert re.fullmatch(r"[A-Z\"'].*[.]", attack.summary), f"{attack.name}: {attack.summary}"
        known = {str(outcome) for outcome in Outcome} - {Outcome.PASSED, Outcome.INTERNAL_ERROR}
        assert attack.expect <= known, attack.name
        assert attack.expect or attack.status, attack.name


def test_nothing_is_left_when_the_engine_is_closed(engine: Engine, folder: Path) -> None:
    engine.close()
    left = processes.left_after(folder)
    assert not left, f"still there: {left}"
    assert os.listdir(folder) == []  # noqa: PTH208
