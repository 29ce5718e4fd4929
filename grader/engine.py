"""Grade submissions: starts a judge, gives it jobs, hands its events on.

The engine never prints and imports no torch. A judge that ends or falls silent in the middle of a job is replaced and
the job is tried once more; if that ends the same way the exercise is ungraded, and the others go on.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from grader import forbidden, seeds
from grader.course import Course, Exercise
from grader.judge import messages
from grader.judge.messages import CheckFinished, Event, ExerciseFinished, Failed, Job, PlannedCheck, Ready
from grader.model import ExerciseResult, Level, Status, SubmissionFile
from grader.names import canonical
from grader.sandbox import LAYERS, remove_folder, remove_groups_of

__all__ = [
    "CheckFinished", "Engine", "EngineError", "ExerciseFinished", "IsolationUnavailable", "Job", "Options",
    "PlannedCheck", "Ready", "StoppedError",
]  # fmt: skip

START_S = 120.0
# On top of a check's own limit: the judge may replay it on the reference solution and start a zygote again.
SILENCE_S = 60.0
ATTEMPTS = 2
END_S = 6.0
KEPT_LOG = 65_536


class EngineError(Exception):
    """Our fault or the host's. The text is one line for a terminal; `log` has the details."""

    def __init__(self, text: str, log: str = "") -> None:
        super().__init__(text)
        self.log = log


class StoppedError(EngineError):
    """Someone has stopped this engine."""


class IsolationUnavailable(EngineError):  # noqa: N818  the CLI's word for it
    """This host, or this version, cannot isolate as far as was asked for."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to grade. A seed repeats a run; `timeout_s` replaces the time limit of each check.

    `isolation` is a level, or "auto" for the strongest that this host has. A host that has less than `required` is
    refused. `without` names layers to leave out, of `sandbox.LAYERS`: for tests of the layers that remain. Without
    `forbidden` nobody looks for forbidden APIs. `watch` is for `grade check`: see `messages.Observed`.
    """

    seed: int | None = None
    timeout_s: float | None = None
    isolation: str = "auto"
    required: Level = Level.NONE
    without: tuple[str, ...] = ()
    forbidden: bool = True
    watch: bool = False


class Engine:
    """A warm judge for some exercises of a course. Use it as a context manager."""

    def __init__(self, course: Course, slugs: Sequence[str], options: Options | None = None) -> None:
        self._options = options or Options()
        self._seed = seeds.fresh() if self._options.seed is None else self._options.seed
        self._root = course.root
        self._exercises = [e for slug in slugs if (e := course.get(slug)) is not None]
        self._judge: _Judge | None = None
        self._level = Level.NONE
        self._stopped = False

    def __enter__(self) -> Engine:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the judge and return at once; it warms up meanwhile.

        Raises `EngineError`, of which `StoppedError` says that `stop` was called.
        """
        if self._judge is None and not self._stopped:
            self._judge = _Judge(self._setup())
        if self._stopped:  # while the judge was being started, perhaps
            self.close()
            raise StoppedError("stopped")

    def grade(self, jobs: Sequence[Job]) -> Iterator[Ready | CheckFinished | ExerciseFinished]:
        """Grade `jobs` in order. The first event is `Ready`. May be called again.

        Raises `EngineError` when no judge can be started at all.
        """
        self.start()
        yield self._wait_ready()
        for job in jobs:
            yield from self._grade_one(job)

    def close(self) -> None:
        """End the judge and everything below it, whatever it is doing."""
        judge, self._judge = self._judge, None
        if judge is not None:
            judge.kill()

    def stop(self) -> None:
        """Close, from any thread and for good: the thread that grades gets no other judge."""
        self._stopped = True
        self.close()

    def _grade_one(self, job: Job) -> Iterator[CheckFinished | ExerciseFinished]:
        told = 0
        for _ in range(ATTEMPTS):
            self.start()
            self._wait_ready()
            judge = self._running()
            seen = 0
            judge.order(job)
            while isinstance(event := judge.next_event(self._silence_s(job.slug)), CheckFinished):
                seen += 1
                if seen > told:
                    told = seen
                    yield event
            if isinstance(event, ExerciseFinished):
                yield event
                return
            self.close()
        yield ExerciseFinished(result=self._ungraded(job))

    def _running(self) -> _Judge:
        judge = self._judge
        if judge is None:  # another thread closed it
            raise StoppedError("stopped")
        return judge

    def _wait_ready(self) -> Ready:
        judge = self._running()
        if judge.ready is None:
            event = judge.next_event(START_S)
            if not isinstance(event, Ready):
                text = event.text if isinstance(event, Failed) else "the judge did not start"
                log = judge.log()
                self.close()
                raise EngineError(text, log)
            self._refuse_less(event)
            judge.ready = event
        return judge.ready

    def _refuse_less(self, ready: Ready) -> None:
        """Raise `IsolationUnavailable` when this host has less than was asked for."""
        asked = Level.SANDBOX if self._options.isolation == Level.SANDBOX else Level.NONE
        # A judge that takes another's place must not have less than that: what ended it may be a submission's doing.
        needed = min(asked, self._options.required, self._level, key=list(Level).index)
        level = ready.isolation.level
        if list(Level).index(level) > list(Level).index(needed):
            self.close()
            why = "; ".join(ready.isolation.missing)
            raise IsolationUnavailable(
                f"isolation '{needed}' is not available here, only '{level}'{f' ({why})' if why else ''}; "
                "see: grade doctor"
            )
        self._level = level

    def _silence_s(self, slug: str) -> float:
        exercise = next(e for e in self._exercises if e.slug == slug)
        return (self._options.timeout_s or exercise.limits.wall_s) * 2 + SILENCE_S

    def _setup(self) -> messages.Setup:
        return messages.Setup(
            root=str(self._root),
            suites=tuple(_spec(e, look=self._options.forbidden) for e in self._exercises),
            seed=self._seed,
            parent=os.getpid(),
            timeout_s=self._options.timeout_s,
            without=self._without(),
            scratch=tempfile.mkdtemp(prefix="grade-"),
            watch=self._options.watch,
        )

    def _without(self) -> tuple[str, ...]:
        left_out = set(self._options.without)
        if self._options.isolation == Level.PROCESS:
            left_out |= set(LAYERS) - {"landlock"}
        return tuple(sorted(left_out))

    def _ungraded(self, job: Job) -> ExerciseResult:
        exercise = next(e for e in self._exercises if e.slug == job.slug)
        return ExerciseResult(
            slug=job.slug,
            title=exercise.title,
            chapter=exercise.chapter,
            status=Status.UNGRADED,
            score=0.0,
            max_score=0.0,
            submission=SubmissionFile(file=job.file, sha256=job.sha256),
            problem="This exercise could not be graded: the grader stopped twice while it ran. Tell your instructor.",
        )


class _Judge:
    """One judge process. Its events are read by a thread, so that waiting for one can end."""

    def __init__(self, setup: messages.Setup) -> None:
        self.ready: Ready | None = None
        self._scratch = setup.scratch
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the judge
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "grader.judge"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=_environment(),
                # Ctrl-C on the terminal is for the CLI, which then ends the judge.
                start_new_session=True,
            )
        except OSError as error:
            raise EngineError(f"cannot start a Python process: {error}") from error
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self.order(setup)

    def order(self, order: messages.Order) -> None:
        """Send an order. A judge that is gone is noticed when its events end."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            messages.write(self._process.stdin, order)

    def next_event(self, silence_s: float) -> Event | None:
        """The next event, or None when the judge has ended or was silent for too long."""
        try:
            return self._events.get(timeout=silence_s)
        except queue.Empty:
            return None

    def kill(self) -> None:
        """End the process, and by it everything below. If that takes too long, the kernel does it."""
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        # The judge has done this, unless it was killed.
        remove_groups_of(self._process.pid)
        remove_folder(self._scratch)
        for stream in (self._process.stdin, self._process.stdout, self._log):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()

    def log(self) -> str:
        """The end of what the judge wrote to stderr."""
        try:
            size = self._log.seek(0, os.SEEK_END)
            self._log.seek(max(0, size - KEPT_LOG))
            return self._log.read().decode("utf-8", "replace")
        except (OSError, ValueError):  # closed meanwhile
            return ""

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError, msgspec.MsgspecError):
            while (event := messages.read_event(self._process.stdout)) is not None:
                self._events.put(event)
        self._events.put(None)


def _environment() -> dict[str, str]:
    """The environment of a judge: ours, with one thread per process and our own package importable."""
    package_home = str(Path(__file__).resolve().parent.parent)
    path = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "PYTHONPATH": package_home + (os.pathsep + path if path else ""),
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _spec(exercise: Exercise, *, look: bool) -> messages.SuiteSpec:
    """What the judge needs; `look` for forbidden APIs."""
    given = exercise.forbidden
    names = given.names if look else ()
    return messages.SuiteSpec(
        slug=exercise.slug,
        chapter=exercise.chapter,
        title=exercise.title,
        suite=str(exercise.suite),
        solution=str(exercise.solution),
        limits=exercise.limits,
        forbidden=tuple(dict.fromkeys(canonical(name) for name in names)),
        instead=given.instead,
        required=tuple(forbidden.public_names(exercise.stub.read_text("utf-8"))) if names else (),
        if_written=given.if_written,
        if_run=given.if_run,
    )
