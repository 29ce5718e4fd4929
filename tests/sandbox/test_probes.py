"""Every probe, in every combination of layers, with an honest submission after each.

A probe is one technique against the host, in the folder `probes`. The first line of its docstring says what it tries;
`stopped by` names each layer that stops it when no other is on (those joined by + only together). So it must succeed
where none of these is on, and nowhere else: there is no exception for single probes. When it is stopped nothing of
the host has changed, and in each case the next submission is graded as if nothing had been.

"bubblewrap" is on wherever "namespaces" is, which needs it. So a probe that names only the latter is one that gets
past bubblewrap alone. What is stopped by "nothing" is what docs/isolation.md says is not defended.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from grader.course import Course
from grader.engine import Engine, ExerciseFinished, Job, Options, Ready
from grader.model import ExerciseResult, Level, Status
from grader.sandbox import LAYERS, bubblewrap, seccomp
from grader.sandbox.zygote import CGROUP
from grader.worker import landlock
from tests.sandbox import probe as reading
from tests.sandbox.probe import ALWAYS, KINDS, Probe
from tests.sandbox.targets import Targets, missing, quick_place

BUBBLEWRAP, NAMESPACES, LANDLOCK, SECCOMP = LAYERS
# Which layers are on.
LEVELS = {
    "all layers": frozenset(LAYERS),
    "without bubblewrap": frozenset({LANDLOCK, SECCOMP}),
    "without namespaces": frozenset({BUBBLEWRAP, LANDLOCK, SECCOMP}),
    "without landlock": frozenset({BUBBLEWRAP, NAMESPACES, SECCOMP}),
    "without seccomp": frozenset({BUBBLEWRAP, NAMESPACES, LANDLOCK}),
    "bubblewrap only": frozenset({BUBBLEWRAP}),
    "bubblewrap and namespaces": frozenset({BUBBLEWRAP, NAMESPACES}),
    "landlock only": frozenset({LANDLOCK}),
    "seccomp only": frozenset({SECCOMP}),
    "nothing": frozenset[str](),
}
PROBES = reading.read_all()
SLUG = "answer"
HONEST = "def answer():\n    return 42\n"
SUITE = '''
def test_answer(submission):
    """the answer is right"""
    assert submission.answer() == 42, "no"
'''


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    root = tmp_path_factory.mktemp("course")
    exercises, solutions = root / "exercises" / "01_probes", root / "solutions" / "01_probes" / SLUG
    exercises.mkdir(parents=True)
    solutions.mkdir(parents=True)
    (exercises / f"{SLUG}.py").write_text("def answer():\n    raise NotImplementedError\n")
    (solutions / f"{SLUG}.py").write_text(HONEST)
    (solutions / f"test_{SLUG}.py").write_text(textwrap.dedent(SUITE))
    (solutions / "exercise.toml").write_text('title = "The answer"\n')
    found = Course.load(root)
    assert not found.problems
    return found


def job(source: str) -> Job:
    return Job(slug=SLUG, file=f"{SLUG}.py", sha256="0" * 64, source=source)


def below(pid: int) -> list[int]:
    """The living processes below one. psutil would look at all of the machine's, and this is asked often."""
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in listed.read_text().split():
                found += [*_alive(int(child)), *below(int(child))]
    return found


def _alive(pid: int) -> list[int]:
    """`[pid]`, or nothing when that process has ended: it has no memory any more."""
    try:
        return [] if Path(f"/proc/{pid}/statm").read_text().split()[0] == "0" else [pid]
    except OSError:
        return []


class Host:
    """An engine in one level, and what its probes aim at."""

    def __init__(self, engine: Engine, targets: Targets, ready: Ready, judge: psutil.Process, user: int) -> None:
        self.engine = engine
        self.targets = targets
        self.isolation = ready.isolation
        self.user = user
        self._judge = judge
        # The zygote, its spare workers and, in a sandbox, bubblewrap.
        self._at_rest = len(below(judge.pid))

    def grade(self, source: str) -> ExerciseResult:
        *_, last = self.engine.grade([job(source)])
        assert isinstance(last, ExerciseFinished)
        return last.result

    def left(self) -> list[int]:
        """What is still running of a submission that has ended. What leaves its parent becomes the judge's child."""
        for _ in range(50):
            found = below(self._judge.pid)
            if len(found) <= self._at_rest:
                return []
            ending = [process for process in psutil.process_iter() if process.pid in found]
            psutil.wait_procs(ending, timeout=0.05)  # returns when they have ended
        return found

    def first(self) -> tuple[int, float]:
        """The process below the judge: another one when the zygote ended."""
        child = psutil.Process(below(self._judge.pid)[0])
        return child.pid, child.create_time()


@pytest.fixture(scope="module", params=LEVELS)
def active(request: pytest.FixtureRequest) -> frozenset[str]:
    """The layers that are on."""
    wanted = LEVELS[request.param]
    for layer, why in (
        (BUBBLEWRAP, bubblewrap.why_not()),
        (LANDLOCK, "" if landlock.version() else "this kernel has no landlock"),
        (SECCOMP, "" if seccomp.load() else "there is no filter for this processor"),
    ):
        if layer in wanted and why:
            pytest.skip(f"{layer}: {why}")
    return wanted


@pytest.fixture(scope="module")
def host(course: Course, active: frozenset[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    # With all of them, as on any host; without one, by the others alone.
    left_out = () if active == set(LAYERS) else (CGROUP, *sorted(set(LAYERS) - active))
    options = Options(seed=7, timeout_s=10, without=left_out)
    secret = tmp_path_factory.mktemp("inherited") / "secret.txt"
    secret.write_text("canary")
    place = quick_place()
    kept = os.open(secret, os.O_RDONLY)
    os.set_inheritable(kept, True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANARY", "canary")
        patch.setattr(tempfile, "tempdir", place)
        with Engine(course, [SLUG], options) as engine:
            ready, *_ = engine.grade([job(HONEST)])  # the first one starts spare workers
            assert isinstance(ready, Ready)
            judge = next(p for p in psutil.Process().children() if "grader.judge" in p.cmdline())
            user = max(
                psutil.Process(pid).uids().real for pid in below(judge.pid)
            )  # root becomes another one, or stays root
            with Targets({user, os.getuid()}, place) as targets:
                yield Host(engine, targets, ready, judge, user)
    os.close(kept)


@pytest.mark.parametrize("probe", PROBES, ids=[probe.name for probe in PROBES])
def test_a_probe_succeeds_where_it_should_and_nowhere_else(probe: Probe, host: Host, active: frozenset[str]) -> None:
    if why := missing(probe.needs):
        pytest.skip(why)
    first = host.first()
    source = probe.submission(host.targets.values)
    result = host.grade(source)
    if probe.twice:
        result = host.grade(source)
        host.targets.remove_left()
    left = host.left()
    changed = host.targets.changed()
    if "everybody" not in probe.changes:
        changed.discard("everybody")  # it was another run of these tests on this machine
    succeeded = result.status is Status.PASSED and (not probe.seen_outside or bool(changed))
    stopped = probe.stopped(active | ({"user"} if host.user else set()), landlock.version())
    assert succeeded is not stopped, f"{'not ' * stopped}expected to be stopped: {result.checks[0].message}"
    assert changed == (probe.changes if succeeded else set())
    assert left == []
    assert host.first() == first, "the zygote has ended"
    honest = host.grade(HONEST)
    assert (honest.status, honest.score) == (Status.PASSED, honest.max_score)


def test_the_report_names_the_layers_that_are_on(host: Host, active: frozenset[str]) -> None:
    mechanisms = " ".join(host.isolation.mechanisms)
    words = {BUBBLEWRAP: "bubblewrap", NAMESPACES: "namespaces of its own", LANDLOCK: "landlock", SECCOMP: "seccomp"}
    assert {layer for layer, word in words.items() if word in mechanisms} == active
    sandboxed = {BUBBLEWRAP, NAMESPACES, SECCOMP} <= active
    assert host.isolation.level is (Level.SANDBOX if sandboxed else Level.PROCESS)
    assert host.isolation.missing == ()


def test_every_probe_says_what_it_tries_and_what_stops_it() -> None:
    assert len(PROBES) >= 45
    for probe in PROBES:
        assert probe.sentence[0].isupper(), probe.name
        assert probe.sentence.endswith("."), probe.name
        assert probe.kind in KINDS, probe.name
        named = [part for stopper in probe.stoppers for part in stopper.parts]
        # Only what a level shows: it must succeed where none of them is on.
        assert ALWAYS not in named or named == [ALWAYS], probe.name
        assert not {BUBBLEWRAP, NAMESPACES} <= set(named), f"{probe.name}: namespaces are never on without bubblewrap"


def test_each_layer_alone_stops_something_that_no_other_does() -> None:
    alone = {next(iter(p.stoppers[0].parts)) for p in PROBES if len(p.stoppers) == 1 and len(p.stoppers[0].parts) == 1}
    assert alone >= set(LAYERS)


def test_bubblewrap_is_here_for_these_tests() -> None:
    assert shutil.which(bubblewrap.PROGRAM), "install bubblewrap: without it most of these tests are skipped"
