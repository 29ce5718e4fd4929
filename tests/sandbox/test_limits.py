"""Each limit of an exercise ends in an outcome and a sentence of its own, and the next submission is unharmed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import Course
from grader.engine import Engine, ExerciseFinished, Job, Options, Ready
from grader.model import CheckResult, Level, Outcome, Status

COURSE = Course.load(Path(__file__).resolve().parents[1] / "courses" / "limits")


@pytest.fixture(scope="module", params=["sandbox", "without bubblewrap"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    without = ("bubblewrap",) if request.param == "without bubblewrap" else ()
    with Engine(COURSE, COURSE.slugs, Options(without=without)) as started:
        yield started


def grade(engine: Engine, body: str) -> tuple[Status, CheckResult]:
    source = f"import os, socket, threading, time\nimport torch\n\n\ndef double(x):\n    {body}\n    return 2 * x\n"
    (finished,) = [
        event
        for event in engine.grade([Job(slug="limited", file="limited.py", sha256="", source=source)])
        if isinstance(event, ExerciseFinished)
    ]
    return finished.result.status, finished.result.checks[0]


LIMITS = [
    ("time.sleep(60)", Outcome.TIMED_OUT, "Not finished after 12 seconds"),
    ("while True: pass", Outcome.OUT_OF_CPU_TIME, "used its 1 s of CPU time"),
    ("bytearray(400 << 20)", Outcome.OUT_OF_MEMORY, "more memory than it may use"),
    ("torch.ones(100, 1 << 20)", Outcome.OUT_OF_MEMORY, "more memory than it may use"),
    ("open('large', 'wb').write(bytes(9 << 20))", Outcome.OUT_OF_DISK, "wrote more to files than it may"),
    ("print('x' * 100_000)", Outcome.TOO_MUCH_OUTPUT, "printed more than 0.0625 MiB"),
    ("os.fork()", Outcome.NOT_PERMITTED, "may not start programs or processes"),
    ("os.execv('/bin/true', ['true'])", Outcome.NOT_PERMITTED, "may not start programs or processes"),
    ("socket.socket()", Outcome.NOT_PERMITTED, "use the network"),
]


@pytest.mark.parametrize(("body", "outcome", "sentence"), LIMITS, ids=[body for body, _, _ in LIMITS])
def test_a_limit_is_named(engine: Engine, body: str, outcome: Outcome, sentence: str) -> None:
    status, check = grade(engine, body)
    assert (status, check.outcome) == (Status.FAILED, outcome), check.message
    assert sentence in check.message
    status, check = grade(engine, "pass")
    assert (status, check.outcome) == (Status.PASSED, Outcome.PASSED)


def test_threads_run_out_before_those_of_others_do(engine: Engine) -> None:
    body = "[threading.Thread(target=time.sleep, args=(5,), daemon=True).start() for _ in range(200)]"
    _, check = grade(engine, body)
    # Without a namespace of its own a worker's threads are bounded by its memory only.
    assert check.outcome is Outcome.OUT_OF_THREADS, check.message
    assert "more threads than it may" in check.message


def test_files_run_out_together_where_a_worker_has_a_disk_of_its_own(engine: Engine) -> None:
    (ready,) = engine.grade([])
    assert isinstance(ready, Ready)
    status, check = grade(engine, "[open(str(n), 'wb').write(bytes(6 << 20)) for n in range(3)]")
    if ready.isolation.level is Level.SANDBOX:
        assert check.outcome is Outcome.OUT_OF_DISK
    else:
        assert status is Status.PASSED
