"""Many solutions through the real judge, on all cores.

A `Runner` has several engines, each in a thread of its own that lives as long as the runner: a judge ends with the
thread that started it. What it is given are sources, whatever they are: mutants, files of `wrong/` and `right/`, null
submissions. They are graded as a student's would be, in a sandbox.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from types import TracebackType

import msgspec

from grader.batch.pool import cores
from grader.course import Course
from grader.engine import CheckFinished, Engine, ExerciseFinished, Job, Options, PlannedCheck, Ready
from grader.judge.messages import Observed
from grader.model import CheckResult, ExerciseResult, Outcome, Status

# A mutant may take this many times as long in a check as the reference solution does in its slowest one.
PATIENCE = 20
PATIENCE_MIN_S = 2.0
_NO_KILL = (Outcome.PASSED, Outcome.SKIPPED, Outcome.INTERNAL_ERROR)


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A source to grade as a submission of `slug`. `key` is what the caller knows it by.

    `seed` draws other inputs for it than the others have; `threads` is how many torch may use.
    """

    slug: str
    key: str
    source: str
    seed: int | None = None
    threads: int = 1


class Ending(StrEnum):
    """What became of a candidate.

    INVALID could not be imported at all, so that no check had anything to say. UNGRADED is a fault of the suite or the
    grader. Of the others, SURVIVED got full marks and KILLED did not.
    """

    KILLED = "killed"
    SURVIVED = "survived"
    INVALID = "invalid"
    UNGRADED = "ungraded"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A graded candidate. `kills` has the checks that it failed, with how; a skipped check kills nothing.

    A candidate may be KILLED without any: by what the exercise forbids (`result.diagnoses`). `duration_s` is wall time.
    `observed` says more if the options of the runner ask for it (`watch`).
    """

    candidate: Candidate
    ending: Ending
    kills: dict[str, Outcome]
    result: ExerciseResult
    duration_s: float
    observed: Observed = Observed()


Progress = Callable[[Run, int, int], None]


class Runner:
    """Warm engines for the exercises of a course. A context manager, for one thread at a time.

    `engines` is their number, by default that of the cores this process may use. Whatever ends the `with` block, an
    interrupt too, ends the judges and all below them.
    """

    def __init__(
        self,
        course: Course,
        slugs: Sequence[str] | None = None,
        options: Options | None = None,
        *,
        engines: int | None = None,
    ) -> None:
        self._tasks: queue.SimpleQueue[tuple[int, Candidate] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[int, Run | Exception]] = queue.SimpleQueue()
        chosen = course.slugs if slugs is None else slugs
        self._lanes = [_Lane(course, chosen, options, self._tasks, self._answers) for _ in range(engines or cores())]
        self._closed = False

    def __enter__(self) -> Runner:
        for lane in self._lanes:
            lane.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def ready(self) -> Ready | None:
        """What a judge announced (the plan of checks, broken suites, isolation); None before the first `run`."""
        return next((lane.ready for lane in self._lanes if lane.ready is not None), None)

    @property
    def plan(self) -> Mapping[str, tuple[PlannedCheck, ...]]:
        """The checks of each slug; empty before the first `run`."""
        ready = self.ready
        return {} if ready is None else ready.plan

    def run(self, candidates: Iterable[Candidate], progress: Progress | None = None) -> list[Run]:
        """Grade `candidates` and return their runs in the same order.

        `progress(run, done, total)` is called in this thread as each ends, in no fixed order. Raises `EngineError` when
        no judge can be started. After an exception, of `progress` too, the runner is closed.
        """
        assert not self._closed
        waiting = list(candidates)
        for task in enumerate(waiting):
            self._tasks.put(task)
        runs: dict[int, Run] = {}
        try:
            while len(runs) < len(waiting):
                number, answer = self._answers.get()
                if isinstance(answer, Exception):
                    raise answer
                runs[number] = answer
                if progress is not None:
                    progress(answer, len(runs), len(waiting))
        except BaseException:
            self.close()
            raise
        return [runs[number] for number in range(len(waiting))]

    def close(self) -> None:
        """End the engines, whatever they are doing."""
        if not self._closed:
            self._closed = True
            for lane in self._lanes:
                self._tasks.put(None)
                lane.stop()
            for lane in self._lanes:
                lane.join()


class _Lane(Engine):
    """An engine with the thread that it lives in."""

    def __init__(
        self,
        course: Course,
        slugs: Sequence[str],
        options: Options | None,
        tasks: queue.SimpleQueue[tuple[int, Candidate] | None],
        answers: queue.SimpleQueue[tuple[int, Run | Exception]],
    ) -> None:
        super().__init__(course, slugs, options)
        self.ready: Ready | None = None
        self._tasks = tasks
        self._answers = answers
        self._thread = threading.Thread(target=self._serve, name="proof", daemon=True)

    def begin(self) -> None:
        """Start the thread, and in it the judge."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the thread has ended, and with it what it may have started meanwhile."""
        if self._thread.ident is not None:
            self._thread.join()

    def _serve(self) -> None:
        number = -1
        try:
            self.start()
            while (task := self._tasks.get()) is not None:
                number, candidate = task
                self._answers.put((number, self._run(candidate)))
        except Exception as error:  # noqa: BLE001  told to the thread that waits for the answer; also that it was stopped
            self._answers.put((number, error))
        finally:
            self.close()

    def _run(self, candidate: Candidate) -> Run:
        digest = hashlib.sha256(candidate.source.encode("utf-8", "surrogatepass")).hexdigest()
        job = Job(
            slug=candidate.slug,
            file=f"{candidate.slug}.py",
            sha256=digest,
            source=candidate.source,
            seed=candidate.seed,
            threads=candidate.threads,
        )
        for event in self.grade([job]):
            match event:
                case Ready():
                    self.ready = event
                case CheckFinished():
                    pass
                case ExerciseFinished():
                    return _run_of(candidate, event)
        raise AssertionError("a job has a result")


def _run_of(candidate: Candidate, finished: ExerciseFinished) -> Run:
    result = finished.result
    return Run(
        candidate=candidate,
        ending=_ending(result),
        kills={check.id: check.outcome for check in result.checks if check.outcome not in _NO_KILL},
        result=result,
        duration_s=sum(check.duration_s for check in result.checks),
        observed=finished.observed or Observed(),
    )


def _ending(result: ExerciseResult) -> Ending:
    if result.status is Status.UNGRADED:
        return Ending.UNGRADED
    if result.status is Status.PASSED:
        return Ending.SURVIVED
    tried = [check for check in result.checks if check.outcome is not Outcome.SKIPPED]
    return Ending.INVALID if tried and all(_failed_at_import(check) for check in tried) else Ending.KILLED


def _failed_at_import(check: CheckResult) -> bool:
    # The body of a module is run by nothing but its import.
    return bool(check.frames) and check.frames[0].function == "<module>"


def slowest(runs: Iterable[Run]) -> dict[str, float]:
    """For each slug, the seconds of the slowest check in `runs`: those of the reference solutions."""
    found: dict[str, float] = {}
    for run in runs:
        longest = max((check.duration_s for check in run.result.checks), default=0.0)
        found[run.candidate.slug] = max(found.get(run.candidate.slug, 0.0), longest)
    return found


def impatient(course: Course, seconds: Mapping[str, float]) -> Course:
    """The same course with shorter time limits, for mutants that loop for ever.

    `seconds` says how long the slowest check takes on the reference solution, by slug. A limit never gets longer than
    the exercise's own, and never so short that a busy host makes a difference.
    """
    exercises = []
    for exercise in course.exercises:
        if exercise.slug in seconds:
            wall_s = min(exercise.limits.wall_s, max(PATIENCE_MIN_S, PATIENCE * seconds[exercise.slug]))
            limits = msgspec.structs.replace(exercise.limits, wall_s=wall_s)
            exercise = msgspec.structs.replace(exercise, limits=limits)
        exercises.append(exercise)
    return msgspec.structs.replace(course, exercises=tuple(exercises))
