"""Every attack in this folder, through one engine, with an honest submission after each.

An attack is one hostile file. The first line of its docstring says what must happen; the lines at its end are for
this test: `exercise` is the one it is submitted to, `keeps` the checks that it passes honestly, `expect` how the
others may end, `status` how the exercise ends if not as failed. Nothing else may pass, nobody else may be hurt, and
nothing may be left behind.

They run in a sandbox, without bubblewrap as in a container that allows no namespaces, and bare, in nothing but a
process of their own. Where that makes a difference `confined` says how the checks may end in the first two; the status
is then failed, and `keeps_confined: nothing` says that it passes nothing there. `succeeds: bare` is for an attack that
reaches its aim there: it would prove nothing otherwise.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from grader.course import Course
from grader.engine import Engine, ExerciseFinished, Job, Options, Ready
from grader.model import ExerciseResult, Outcome, Status
from grader.sandbox import LAYERS
from tests import processes

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# Short, since some attacks let it pass several times. Honest checks take milliseconds.
TIMEOUT_S = 2.0
LEVELS = {"sandbox": (), "without bubblewrap": ("bubblewrap",), "bare": LAYERS}
# The judge, its zygote, two spare workers, and bubblewrap twice. Those of the last submission may still be going.
AT_REST = 6
# What the judge may have had resident at most: what torch takes, and a few of the largest tensors that cross.
PEAK_MIB = 2000


@dataclass(frozen=True)
class Attack:
    """One file of this folder."""

    name: str
    source: str
    summary: str
    exercise: str
    expect: frozenset[str]
    keeps: frozenset[str]
    status: str
    confined: frozenset[str] | None
    keeps_confined: frozenset[str]
    succeeds_bare: bool

    @classmethod
    def read(cls, path: Path) -> Attack:
        source = path.read_text("utf-8")
        found = re.match(r'r?"""(.*?)"""', source, re.DOTALL)
        assert found, f"{path.name} has no docstring"
        text = ast.literal_eval(found.group())
        fields = dict(
            re.findall(r"^(exercise|expect|keeps|status|confined|keeps_confined|succeeds): (.*)$", text, re.MULTILINE)
        )
        keeps = frozenset(fields.get("keeps", "").split())
        return cls(
            name=path.stem,
            source=source.replace("@COURSE@", str(ROOT)),
            summary=text.partition("\n")[0],
            exercise=fields["exercise"],
            expect=frozenset(fields.get("expect", "").split()),
            keeps=keeps,
            keeps_confined=frozenset() if fields.get("keeps_confined") == "nothing" else keeps,
            status=fields.get("status", ""),
            confined=frozenset(fields["confined"].split()) if "confined" in fields else None,
            succeeds_bare=fields.get("succeeds") == "bare",
        )


ATTACKS = [Attack.read(path) for path in sorted(HERE.glob("*.py")) if not path.name.startswith("test_")]


@pytest.fixture(scope="module")
def course() -> Course:
    return Course.load(ROOT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, without: tuple[str, ...]) -> Path:
    """Where the processes of this run put their temporary files, and what they are recognised by."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module", params=LEVELS)
def without(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The layers of isolation to leave out."""
    return LEVELS[request.param]


@pytest.fixture(scope="module")
def engine(course: Course, folder: Path, without: tuple[str, ...]) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        with Engine(course, course.slugs, Options(seed=20, timeout_s=TIMEOUT_S, without=without)) as started:
            (ready,) = started.grade([])
            assert isinstance(ready, Ready)
            if ready.isolation.missing:
                pytest.skip("; ".join(ready.isolation.missing))
            yield started


def grade(engine: Engine, slug: str, source: str) -> ExerciseResult:
    digest = hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()
    *_, last = engine.grade([Job(slug=slug, file=f"{slug}.py", sha256=digest, source=source)])
    assert isinstance(last, ExerciseFinished)
    return last.result


def grade_reference(engine: Engine, course: Course, slug: str) -> ExerciseResult:
    exercise = course.get(slug)
    assert exercise is not None
    return grade(engine, slug, exercise.solution.read_text())


def encoded(result: ExerciseResult) -> bytes:
    """All of a result but how long it took."""
    checks = tuple(msgspec.structs.replace(check, duration_s=0.0) for check in result.checks)
    return msgspec.json.encode(msgspec.structs.replace(result, checks=checks))


@pytest.fixture(scope="module")
def honest(engine: Engine, course: Course) -> dict[str, bytes]:
    """The results of the reference solutions before any attack."""
    return {slug: encoded(grade_reference(engine, course, slug)) for slug in course.slugs}


def assert_unharmed(engine: Engine, course: Course, slug: str, honest: dict[str, bytes]) -> None:
    """The next submission gets full marks, and the result that it had before, byte for byte."""
    result = grade_reference(engine, course, slug)
    told = [(c.id, str(c.outcome), c.message) for c in result.checks if c.outcome is not Outcome.PASSED]
    assert (result.status, told) == (Status.PASSED, [])
    assert result.score == result.max_score > 0
    assert encoded(result) == honest[slug]


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_an_attack_gains_nothing_and_hurts_nobody(
    attack: Attack,
    engine: Engine,
    course: Course,
    folder: Path,
    without: tuple[str, ...],
    honest: dict[str, bytes],
) -> None:
    result = grade(engine, attack.exercise, attack.source)
    bare = without == LAYERS
    if attack.succeeds_bare and bare:
        assert result.status is Status.PASSED, "it is stopped by something else: whose test is it?"
        return
    contained = attack.confined is not None and not bare
    assert_unharmed(engine, course, attack.exercise, honest)
    left = processes.left_after(folder, allowed=AT_REST)
    assert not left, f"still there: {left}"
    outcomes = {check.id: str(check.outcome) for check in result.checks}
    passed = {name for name, outcome in outcomes.items() if outcome == Outcome.PASSED}
    keeps = attack.keeps_confined if contained else attack.keeps
    assert passed == keeps, result.checks
    others = {name: outcome for name, outcome in outcomes.items() if name not in passed}
    expect = attack.confined if contained and attack.confined is not None else attack.expect
    assert set(others.values()) <= expect, result.checks
    assert result.status == (attack.status if attack.status and not contained else Status.FAILED)
    assert result.score == sum(check.max_score for check in result.checks if check.id in keeps)
    assert all(len(check.message) <= 5000 for check in result.checks)


HOSTILE_SOURCES = {
    "nested brackets": "x = " + "(" * 50_000 + ")" * 50_000,
    "nested lists": "x = " + "[" * 150 + "]" * 150,
    "a long sum": "x = 1" + " + 1" * 100_000,
    "many signs": "x = " + "-" * 100_000 + "1",
    "a long chain of attributes": "import torch\nx = torch" + ".nn" * 50_000,
    "a long chain of calls": "x = str" + "()" * 50_000,
    "many targets": " = ".join(f"x{i}" for i in range(50_000)) + " = 1",
    "aliases of aliases": "import torch as a0\n" + "".join(f"a{i + 1} = a{i}\n" for i in range(20_000)),
    "mixed aliases": "".join(f"a{i} = a{i * 7 % 300} if a{i % 13} else a{i * 3 % 300}\n" for i in range(300)) * 10,
    "a ladder of elif": "x = 0\nif x: pass\n" + "elif x: pass\n" * 20_000,
    "nested functions": "".join(f"{' ' * i}def f{i}():\n" for i in range(90)) + " " * 90 + "pass",
    "a huge number": "x = " + "9" * 1_000_000,
    "a power": "x = 9 ** 9 ** 9",
    "a null byte": "x = 1\x00",
    "another encoding": "# -*- coding: utf-7 -*-\nx = 1",
    "no line at all": "\x0c\u2028\x1e" * 1000,
    "one long line": "x = '" + "a" * 5_000_000 + "'",
    "a million lines": "\n" * 1_000_000,
    "many imports": "from torch.nn import *\n" * 5_000,
}


@pytest.mark.parametrize("source", HOSTILE_SOURCES.values(), ids=HOSTILE_SOURCES.keys())
def test_source_that_is_hard_to_read_stops_nothing(
    source: str, engine: Engine, course: Course, honest: dict[str, bytes]
) -> None:
    result = grade(engine, "sgd", source)
    assert result.status is Status.FAILED
    assert result.score == 0
    assert not {check.outcome for check in result.checks} & {Outcome.PASSED, Outcome.INTERNAL_ERROR}
    assert_unharmed(engine, course, "sgd", honest)


def test_every_attack_says_what_must_happen() -> None:
    assert len(ATTACKS) >= 45
    for attack in ATTACKS:
        assert re.fullmatch(r"\S.*[.]", attack.summary), f"{attack.name}: {attack.summary}"
        known = {str(outcome) for outcome in Outcome} - {Outcome.PASSED, Outcome.INTERNAL_ERROR}
        assert attack.expect <= known, attack.name
        assert attack.expect or attack.status or attack.confined, attack.name


def test_nothing_is_left_when_the_engine_is_closed(engine: Engine, folder: Path) -> None:
    peak_mib = max(processes.peak_mib(process) for process in processes.of_run(folder))
    assert peak_mib < PEAK_MIB, "an attack filled the judge's memory"
    engine.close()
    left = processes.left_after(folder)
    assert not left, f"still there: {left}"
    assert os.listdir(folder) == []  # noqa: PTH208
