"""The engine keeps going when a judge or a zygote does not."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from grader.course import Course
from grader.engine import (
    CheckFinished,
    Engine,
    EngineError,
    ExerciseFinished,
    IsolationUnavailable,
    Job,
    Options,
    Ready,
)
from grader.model import Level, Outcome, Status
from grader.sandbox import LAYERS

COURSE = Course.load(Path(__file__).parent / "courses" / "feedback")
TOY = (COURSE.root / "solutions" / "01_all" / "toy" / "toy.py").read_text()


def job(source: str = TOY) -> Job:
    return Job(slug="toy", file="toy.py", sha256="0" * 64, source=source)


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(COURSE, ["toy"], Options(seed=1)) as started:
        yield started


def judge_of() -> psutil.Process:
    (judge,) = [p for p in psutil.Process().children() if "grader.judge" in p.cmdline()]
    return judge


def test_a_judge_that_dies_in_the_middle_is_replaced_and_nothing_is_told_twice(engine: Engine) -> None:
    told = []
    for event in engine.grade([job(), job()]):
        if isinstance(event, CheckFinished):
            told.append(event.check.id)
            if len(told) == 3:
                judge_of().kill()
        if isinstance(event, ExerciseFinished):
            assert event.result.status is Status.PASSED
            assert [c.id for c in event.result.checks] == told
            told = []


def test_a_judge_that_dies_twice_leaves_the_exercise_ungraded_and_the_next_one_graded() -> None:
    source = TOY.replace(
        "    return 2 * x\n",
        "    import os\n"
        "    zygote = open(f'/proc/{os.getppid()}/stat').read()\n"
        "    os.kill(int(zygote.split()[3]), 9)\n",
        1,
    )
    with Engine(COURSE, ["toy"], Options(without=LAYERS)) as engine:
        results = [e.result for e in engine.grade([job(source), job()]) if isinstance(e, ExerciseFinished)]
    assert [r.status for r in results] == [Status.UNGRADED, Status.PASSED]
    assert results[0].score == 0
    assert "could not be graded" in results[0].problem


def test_a_zygote_that_dies_between_exercises_is_replaced(engine: Engine) -> None:
    list(engine.grade([job()]))
    for child in judge_of().children(recursive=True):
        child.kill()
    (finished,) = [e for e in engine.grade([job()]) if isinstance(e, ExerciseFinished)]
    assert finished.result.status is Status.PASSED


def test_a_stopped_zygote_does_not_stop_the_judge_for_ever() -> None:
    source = TOY.replace(
        "    return 2 * x\n",
        "    import os, signal\n    if x.shape == (2, 3): os.kill(os.getppid(), signal.SIGSTOP)\n    return 2 * x\n",
        1,
    )
    with Engine(COURSE, ["toy"], Options(without=LAYERS)) as engine:
        results = [e.result for e in engine.grade([job(source), job()]) if isinstance(e, ExerciseFinished)]
    assert results[1].status is Status.PASSED


def test_ready_comes_first_and_says_what_will_be_checked(engine: Engine) -> None:
    first = next(iter(engine.grade([])))
    assert isinstance(first, Ready)
    assert first.isolation.level is Level.SANDBOX
    assert first.isolation.missing == ()
    assert sum(check.max_score for check in first.plan["toy"]) == 19
    assert first.seed == 1


def test_a_timeout_of_the_run_replaces_that_of_the_exercise() -> None:
    source = TOY.replace("    return 2 * x\n", "    while x.shape == (2, 3): pass\n    return 2 * x\n", 1)
    with Engine(COURSE, ["toy"], Options(timeout_s=0.5)) as engine:
        events = [e for e in engine.grade([job(source)]) if isinstance(e, ExerciseFinished)]
    assert events[0].result.checks[0].outcome is Outcome.TIMED_OUT
    assert "after 0.5 seconds" in events[0].result.checks[0].message


@pytest.mark.parametrize("options", [{"isolation": "sandbox"}, {"required": Level.SANDBOX}])
def test_an_isolation_that_is_not_there_is_refused(options: dict[str, Any]) -> None:
    with (
        pytest.raises(IsolationUnavailable, match=r"isolation 'sandbox' is not available here, only 'process'.*doctor"),
        Engine(COURSE, ["toy"], Options(without=("bubblewrap",), **options)) as engine,
    ):
        list(engine.grade([]))


def test_a_judge_is_not_replaced_by_one_with_less_isolation(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    list(engine.grade([job()]))
    judge_of().kill()
    monkeypatch.setenv("PATH", str(tmp_path))  # bubblewrap is gone
    with pytest.raises(IsolationUnavailable, match="'sandbox' is not available here, only 'process'"):
        list(engine.grade([job(), job()]))


def test_less_isolation_can_be_asked_for() -> None:
    with Engine(COURSE, ["toy"], Options(isolation="process")) as engine:
        first = next(iter(engine.grade([])))
    assert isinstance(first, Ready)
    assert first.isolation.level is Level.PROCESS
    assert "seccomp" not in first.isolation.mechanisms


def test_a_judge_that_cannot_start_is_our_error_with_a_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('a broken torch')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Engine(COURSE, ["toy"], Options()) as engine, pytest.raises(EngineError) as caught:
        list(engine.grade([job()]))
    assert "a broken torch" in caught.value.log


def test_no_process_is_left_after_close() -> None:
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    with Engine(COURSE, ["toy"], Options()) as engine:
        list(engine.grade([job()]))
        family = psutil.Process().children(recursive=True)
    gone, alive = psutil.wait_procs([p for p in family if p.pid not in before], timeout=5)
    assert gone
    assert not alive


def test_a_judge_whose_engine_is_killed_ends_with_everything_below_it() -> None:
    script = (
        "import sys; from pathlib import Path; from grader.course import Course; from grader.engine import *\n"
        f"course = Course.load(Path({str(COURSE.root)!r}))\n"
        "engine = Engine(course, ['toy'], Options(timeout_s=60)); engine.start()\n"
        "job = Job(slug='toy', file='toy.py', sha256='', source='while True: pass')\n"
        "for event in engine.grade([job]): print('ready', flush=True)\n"
    )
    process = psutil.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    family = process.children(recursive=True)
    assert len(family) >= 2
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    process.stdout.close()
