"""The run of a batch: what is stored when, and what a failure costs. The pool answers from a table; no engine runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from grader.batch.run import Tally, run
from grader.batch.task import Spec, Task
from grader.classroom import Graded
from grader.course import Course
from grader.engine import EngineError, Options, StoppedError
from grader.gradebook import Pending
from grader.model import ExerciseResult, Status, SubmissionFile

COURSE = Course(root=Path("/nowhere"))
SPEC = Spec(root="/nowhere", slugs=("toy",), digests={}, options=Options(seed=7))
Answer = Callable[[], Graded]


def graded(status: Status) -> Graded:
    result = ExerciseResult(
        slug="toy",
        title="Toy",
        chapter="01",
        status=status,
        score=1.0 if status is Status.PASSED else 0.0,
        max_score=1.0,
        submission=SubmissionFile(file="toy.py", sha256=""),
    )
    return Graded(result=result, seed=7, duration_s=0.5)


def passes() -> Graded:
    return graded(Status.PASSED)


def is_ungraded() -> Graded:
    return graded(Status.UNGRADED)


def breaks() -> Graded:
    raise RuntimeError("the worker of the cluster was lost")


def cannot_start() -> Graded:
    raise EngineError("no judge can be started")


class Table(Executor):
    """A pool that answers each task from a list of what happens in each try; notes how many were out at once."""

    def __init__(self, answers: dict[str, list[Answer]]) -> None:
        self.answers = answers
        self.tried: list[str] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        task = args[1]
        assert isinstance(task, Task)
        self.tried.append(task.key)
        future: Future[Any] = Future()
        try:
            future.set_result(self.answers[task.key].pop(0)())
        except Exception as error:  # noqa: BLE001  whatever a pool can raise
            future.set_exception(error)
        return future


class Book:
    """Remembers what it was told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Status]] = []

    def record_many(self, items: Iterable[tuple[str, Pending, Graded]]) -> None:
        for key, pending, graded in items:
            assert pending.key == key
            self.told.append((key, graded.result.status))


def waiting(*keys: str) -> Iterator[Pending]:
    for number, key in enumerate(keys):
        yield Pending(submission_id=number, slug="toy", sha256=key, file="toy.py", source="x = 1", key=key)


def go(pool: Table, book: Book, *keys: str, in_flight: int = 2, told: Callable[[Tally], None] | None = None) -> Tally:
    note = told or (lambda tally: None)
    return run(book, pool, COURSE, SPEC, waiting(*keys), in_flight=in_flight, told=note)  # type: ignore[arg-type]


def test_each_result_is_stored_as_it_comes() -> None:
    book, seen = Book(), []
    pool = Table({"a": [passes], "b": [lambda: graded(Status.FAILED)], "c": [lambda: graded(Status.NOT_ATTEMPTED)]})
    tally = go(pool, book, "a", "b", "c", told=lambda tally: seen.append((tally.done, len(book.told))))
    assert sorted(book.told) == [("a", Status.PASSED), ("b", Status.FAILED), ("c", Status.NOT_ATTEMPTED)]
    assert (tally.done, tally.passed, tally.failed, tally.ungraded, tally.grading_s) == (3, 1, 2, 0, 1.5)
    assert [done for done, _ in seen] == [stored for _, stored in seen]
    assert seen[-1] == (3, 3)


def test_what_was_ungraded_is_tried_once_more_after_all_others() -> None:
    book, pool = Book(), Table({"a": [is_ungraded, passes], "b": [passes], "c": [passes]})
    tally = go(pool, book, "a", "b", "c", in_flight=1)
    assert pool.tried == ["a", "b", "c", "a"]
    assert book.told[0] == ("a", Status.UNGRADED)
    assert book.told[-1] == ("a", Status.PASSED)
    assert (tally.done, tally.passed, tally.ungraded) == (3, 3, 0)


def test_what_stays_ungraded_is_tried_twice_and_no_more() -> None:
    book, pool = Book(), Table({"a": [is_ungraded, is_ungraded, passes], "b": [passes]})
    tally = go(pool, book, "a", "b")
    assert pool.tried.count("a") == 2
    assert (tally.done, tally.ungraded) == (2, 1)


def test_a_pool_that_loses_a_task_leaves_it_ungraded_and_the_others_unharmed() -> None:
    book, pool = Book(), Table({"a": [passes], "b": [breaks, breaks], "c": [passes]})
    tally = go(pool, book, "a", "b", "c")
    assert [status for key, status in book.told if key == "b"] == [Status.UNGRADED] * 2
    assert (tally.passed, tally.ungraded) == (2, 1)
    assert tally.faults == ["toy of toy.py: the worker of the cluster was lost"] * 2


def test_when_no_judge_can_be_started_the_run_ends_and_nobody_is_ungraded() -> None:
    book, pool = Book(), Table({"a": [cannot_start], "b": [cannot_start]})
    with pytest.raises(EngineError, match="no judge"):
        go(pool, book, "a", "b")
    assert book.told == []


def test_a_judge_that_can_be_started_no_more_in_the_middle_costs_its_file_only() -> None:
    book, pool = Book(), Table({"a": [passes], "b": [cannot_start, passes], "c": [passes]})
    assert go(pool, book, "a", "b", "c", in_flight=1).passed == 3


def test_a_pool_that_was_stopped_ends_the_run() -> None:
    def stopped() -> Graded:
        raise StoppedError("stopped")

    book, pool = Book(), Table({"a": [passes], "b": [stopped], "c": [passes]})
    with pytest.raises(StoppedError):
        go(pool, book, "a", "b", "c", in_flight=1)
    assert book.told == [("a", Status.PASSED)]


def test_no_more_than_asked_for_are_on_their_way() -> None:
    class Slow(Table):
        def __init__(self) -> None:
            super().__init__({})
            self.out: list[tuple[Future[Any], str]] = []
            self.most = 0

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            self.out.append((future, args[1].key))
            self.most = max(self.most, len(self.out))
            if len(self.out) == 3 or args[1].key == "j":
                while self.out:
                    self.out.pop()[0].set_result(passes())
            return future

    pool = Slow()
    assert go(pool, Book(), *"abcdefghij", in_flight=3).done == 10
    assert pool.most == 3


def test_an_interrupt_keeps_what_was_stored() -> None:
    def interrupted(tally: Tally) -> None:
        if tally.done == 2:
            raise KeyboardInterrupt

    book, pool = Book(), Table({key: [passes] for key in "abcd"})
    with pytest.raises(KeyboardInterrupt):
        go(pool, book, *"abcd", in_flight=1, told=interrupted)
    assert len(book.told) == 2
