"""The run: what waits in the gradebook goes through a pool, and each result is stored the moment it exists.

One thread, the caller's, talks to the gradebook and to the pool; never more than `in_flight` files are between them, so
memory does not grow with the class. A file whose grading failed by our own fault is tried once more after all others,
and is ungraded if it fails again. One that took Dask workers down is then tried alone: nothing else can be lost with
it, and one that was lost with another has its chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from grader.batch.task import Spec, TakenDownError, Task, grade
from grader.classroom import Graded
from grader.course import Course
from grader.engine import EngineError, StoppedError
from grader.model import ExerciseResult, Outcome, Status, SubmissionFile
from grader.text import clean_line

if TYPE_CHECKING:
    from grader.gradebook import Gradebook, Pending

FAULT_CHARS = 500
_PROBLEM = "This exercise could not be graded: the grader failed twice on it. Tell your instructor."


class Tally(msgspec.Struct):
    """How far a run is. `ungraded` are those that will be tried again, and in the end those that stay so.

    `broken` counts, by exercise and check, the files on which a check failed that the suite or the grader is to blame
    for.
    """

    done: int = 0
    passed: int = 0
    failed: int = 0
    ungraded: int = 0
    grading_s: float = 0.0
    faults: list[str] = msgspec.field(default_factory=list)
    broken: dict[tuple[str, str], int] = msgspec.field(default_factory=dict)

    def count(self, graded: Graded, *, final: bool = True) -> None:
        """Take a result into account; one that is not `final` will be tried again if it is ungraded."""
        if final:
            for check in graded.result.checks:
                if check.outcome is Outcome.INTERNAL_ERROR:
                    where = graded.result.slug, check.title
                    self.broken[where] = self.broken.get(where, 0) + 1
        self.done += 1
        self.grading_s += graded.duration_s
        match graded.result.status:
            case Status.UNGRADED:
                self.ungraded += 1
            case Status.PASSED:
                self.passed += 1
            case Status.FAILED | Status.NOT_ATTEMPTED:
                self.failed += 1


Told = Callable[[Tally], None]


def run(
    book: Gradebook,
    pool: Executor,
    course: Course,
    spec: Spec,
    waiting: Iterable[Pending],
    *,
    in_flight: int,
    told: Told = lambda tally: None,
) -> Tally:
    """Grade everything in `waiting` and store it in `book`.

    `told` is called after each that was stored, or after several that came back together.
    Raises `EngineError` when nothing at all can be graded, and whatever the gradebook raises: what was stored stays.
    """
    flight = _Flight(book, pool, course, spec, told)
    flight.go(iter(waiting), in_flight)
    flight.last_try = True
    for again, width in ((flight.doubtful, in_flight), (flight.suspects, 1)):
        flight.tally.ungraded -= len(again)
        flight.tally.done -= len(again)
        flight.go(iter(again), width)
    return flight.tally


class _Flight:
    def __init__(self, book: Gradebook, pool: Executor, course: Course, spec: Spec, told: Told) -> None:
        self._book, self._pool, self._course, self._spec, self._told = book, pool, course, spec, told
        self._running: dict[Future[Graded], Pending] = {}
        self._worked = False
        self.tally = Tally()
        self.doubtful: list[Pending] = []
        self.suspects: list[Pending] = []
        self.last_try = False

    def go(self, waiting: Iterator[Pending], in_flight: int) -> None:
        """Keep `in_flight` of `waiting` on their way until all have come back."""
        try:
            while self._launch(waiting, in_flight):
                done, _ = wait(self._running, return_when=FIRST_COMPLETED)
                landed: list[tuple[Pending, Graded]] = []
                try:
                    for future in done:
                        landed.append(self._land(self._running.pop(future), future))
                finally:
                    self._store(landed)
        finally:
            for future in self._running:
                future.cancel()

    def _store(self, landed: list[tuple[Pending, Graded]]) -> None:
        """Store what came back at the same time, with one commit, and tell of it."""
        if landed:
            self._book.record_many((pending.key, pending, graded) for pending, graded in landed)
            for _, graded in landed:
                self.tally.count(graded, final=self.last_try)
            self._told(self.tally)

    def _launch(self, waiting: Iterator[Pending], in_flight: int) -> bool:
        while len(self._running) < in_flight and (pending := next(waiting, None)) is not None:
            self._running[self._pool.submit(grade, self._spec, _task(pending))] = pending
        return bool(self._running)

    def _land(self, pending: Pending, future: Future[Graded]) -> tuple[Pending, Graded]:
        again = self.doubtful
        try:
            graded = future.result()
        except StoppedError:
            raise
        except Exception as error:  # a cluster's pool has errors of its own for a worker that was lost
            if not self._worked and not self.last_try and isinstance(error, EngineError):
                raise
            fault = f"{pending.slug} of {pending.file}: {error}"
            self.tally.faults.append(clean_line(fault, FAULT_CHARS))
            graded = self._ungraded(pending)
            if isinstance(error, TakenDownError):
                again = self.suspects
        else:
            self._worked = True
        if graded.result.status is Status.UNGRADED and not self.last_try:
            again.append(pending)
        return pending, graded

    def _ungraded(self, pending: Pending) -> Graded:
        exercise = self._course.get(pending.slug)
        return Graded(
            result=ExerciseResult(
                slug=pending.slug,
                title=exercise.title if exercise else pending.slug,
                chapter=exercise.chapter if exercise else "",
                status=Status.UNGRADED,
                score=0.0,
                max_score=0.0,
                submission=SubmissionFile(file=pending.file, sha256=pending.sha256),
                problem=_PROBLEM,
            ),
            seed=self._spec.options.seed or 0,
            graded_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def _task(pending: Pending) -> Task:
    return Task(
        key=pending.key,
        slug=pending.slug,
        file=pending.file,
        sha256=pending.sha256,
        source=pending.source,
        problem=pending.problem,
    )
