"""Dask workers end, freeze, cannot grade, or lose their scheduler: nothing is lost, nothing counts twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.batch import run as run_module
from grader.batch.cluster import ClusterError, connect
from grader.batch.distant import ClusterPool, _Rest
from grader.batch.keys import Keys
from grader.batch.run import Tally, run
from grader.batch.task import Spec, TakenDownError
from grader.course import Course
from grader.engine import Options
from grader.model import Status
from tests.batch import stubs
from tests.batch.books import Book, Waiting, task
from tests.batch.clusters import Processes, processes
from tests.course_files import ROOT

COURSE = Course.load(ROOT / "tests/courses/good")


@pytest.fixture(scope="module")
def cluster(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Two Dask workers, used by many tests."""
    with processes(keys, tmp_path_factory.mktemp("dask")) as started:
        started.start_scheduler()
        started.start_workers(2)
        yield started


@pytest.fixture
def pool(cluster: Processes, keys: Keys) -> Iterator[ClusterPool]:
    with connect(cluster.address, keys, width=2) as pool:
        yield pool


@pytest.fixture
def own(keys: Keys, tmp_path: Path) -> Iterator[Processes]:
    """A cluster that a test may ruin."""
    with processes(keys, tmp_path) as started:
        started.start_scheduler()
        yield started


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Where each run of a task leaves a note."""
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


def spec(folder: Path) -> Spec:
    return Spec(root=str(folder), slugs=("alpha",), digests={}, options=Options(seed=7))


def grade_all(book: Book, pool: ClusterPool, notes: Path, waiting: list[Any], **options: Any) -> Tally:
    return run(book.real, pool, COURSE, spec(notes), book.waiting(waiting), in_flight=pool.in_flight, **options)


@pytest.fixture(autouse=True)
def _stub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "grade", stubs.grade)


def test_each_task_runs_once_and_each_result_is_recorded_once(pool: ClusterPool, notes: Path) -> None:
    book = Book()
    waiting = [Waiting(key=f"k{number}") for number in range(40)]
    tally = grade_all(book, pool, notes, waiting)
    assert (tally.done, tally.passed, tally.ungraded) == (40, 40, 0)
    assert set(book.grades.values()) == {1}
    assert [stubs.runs(notes, one.key) for one in waiting] == [1] * 40
    assert len({graded.host for graded in book.kept.values()}) == 2, "both Dask workers worked"


def test_a_task_whose_dask_worker_is_killed_runs_on_another(pool: ClusterPool, notes: Path) -> None:
    book = Book()
    waiting = [Waiting(key=f"k{number}", source="die once" if number == 7 else "pass") for number in range(30)]
    tally = grade_all(book, pool, notes, waiting)
    assert (tally.passed, tally.ungraded) == (30, 0)
    assert stubs.runs(notes, "k7") == 2
    assert set(book.grades.values()) == {1}


def test_a_poison_task_ends_ungraded_and_its_neighbours_are_graded(pool: ClusterPool, notes: Path) -> None:
    book = Book()
    waiting = [Waiting(key=f"k{number}", source="die" if number in (3, 9) else "pass") for number in range(30)]
    tally = grade_all(book, pool, notes, waiting)
    assert (tally.done, tally.passed, tally.ungraded) == (30, 28, 2)
    assert [key for key, one in book.kept.items() if one.result.status is Status.UNGRADED] == ["k3", "k9"]
    # Two Dask workers in the first round, two when it was alone.
    assert stubs.runs(notes, "k3") <= 4
    assert set(book.grades.values()) == {1}
    assert "2 Dask workers ended while they graded it" in tally.faults[-1]


def test_files_that_travel_together_are_graded_once_and_told_apart(cluster: Processes, keys: Keys, notes: Path) -> None:
    sources = {3: "die once", 9: "raise", 12: "die"}
    book = Book()
    waiting = [Waiting(key=f"k{number}", source=sources.get(number, "pass")) for number in range(21)]
    with connect(cluster.address, keys, width=2, chunk=4) as pool:
        tally = grade_all(book, pool, notes, waiting)
    assert (tally.done, tally.passed, tally.ungraded) == (21, 19, 2)
    assert sorted(set(book.kept) - set(book.grades)) == ["k12", "k9"]
    assert set(book.grades.values()) == {1}
    assert stubs.runs(notes, "k12") <= 6, "two Dask workers with its neighbours, two and two alone"


def test_of_files_that_travel_together_none_is_lost_on_a_machine_that_cannot_grade(
    own: Processes, keys: Keys, notes: Path
) -> None:
    own.start_workers(2)
    with connect(own.address, keys, width=2, chunk=4) as pool:
        pids = {pool.submit(stubs.pid).result(30) for _ in range(10)}
        (notes / "unfit").write_text(str(min(pids)))
        book = Book()
        tally = grade_all(book, pool, notes, [Waiting(key=f"k{n}", source="unfit here") for n in range(19)])
    assert (tally.passed, tally.ungraded) == (19, 0)
    assert set(book.grades.values()) == {1}


def test_a_pool_says_which_task_took_its_workers_down(pool: ClusterPool, notes: Path) -> None:
    with pytest.raises(TakenDownError):
        pool.submit(stubs.work, str(notes), task("die")).result(30)


def test_an_error_that_cannot_be_unpickled_comes_as_one_line(pool: ClusterPool, notes: Path) -> None:
    with pytest.raises(RuntimeError, match=r"_Unreadable: something odd$"):
        pool.submit(stubs.work, str(notes), task("raise")).result(30)


def test_a_dask_worker_that_freezes_is_replaced(own: Processes, keys: Keys, notes: Path) -> None:
    own.start_workers(2)
    with connect(own.address, keys, width=2) as pool:
        book = Book()
        waiting = [Waiting(key=f"k{number}", source="stop once" if number == 2 else "pass") for number in range(10)]
        tally = grade_all(book, pool, notes, waiting)
    assert (tally.passed, tally.ungraded) == (10, 0)
    assert stubs.runs(notes, "k2") == 2
    assert set(book.grades.values()) == {1}


def test_a_machine_that_is_lost_leaves_its_work_to_the_others(own: Processes, keys: Keys, notes: Path) -> None:
    lost = own.start_workers(1)
    with connect(own.address, keys, width=2) as pool:
        book = Book()

        def lose(tally: Tally) -> None:
            if tally.done >= 5 and lost.poll() is None:
                stubs.end_tree(lost.pid)
                lost.wait()
                own.start_workers(1)

        tally = grade_all(book, pool, notes, [Waiting(key=f"k{number}") for number in range(40)], told=lose)
    assert (tally.passed, tally.ungraded) == (40, 0)
    assert set(book.grades.values()) == {1}


def test_a_machine_that_cannot_grade_is_sent_away(own: Processes, keys: Keys, notes: Path) -> None:
    own.start_workers(2)
    with connect(own.address, keys, width=2) as pool:
        pids = {pool.submit(stubs.pid).result(30) for _ in range(10)}
        (notes / "unfit").write_text(str(min(pids)))
        book = Book()
        tally = grade_all(book, pool, notes, [Waiting(key=f"k{n}", source="unfit here") for n in range(20)])
        assert (tally.passed, tally.ungraded) == (20, 0)
        assert {graded.host for graded in book.kept.values()} == {str(max(pids))}
        assert ["isolation 'sandbox' is not available here" in note for note in pool.notes] == [True]


def test_a_cluster_of_which_no_machine_can_grade_ends_the_run_in_one_line(
    own: Processes, keys: Keys, notes: Path
) -> None:
    own.start_workers(2)
    book = Book()
    with connect(own.address, keys) as pool, pytest.raises(ClusterError, match="is not the one that this run"):
        grade_all(book, pool, notes, [Waiting(key=f"k{number}", source="unfit") for number in range(20)])
    assert book.kept == {}, "nobody is ungraded for it"


def test_a_scheduler_that_is_killed_ends_the_run_and_the_same_command_goes_on(
    keys: Keys, tmp_path: Path, notes: Path
) -> None:
    book = Book()
    waiting = [Waiting(key=f"k{number}") for number in range(60)]
    with processes(keys, tmp_path) as cluster:
        scheduler = cluster.start_scheduler()
        cluster.start_workers(2)
        with connect(cluster.address, keys, width=2) as pool:

            def restart(tally: Tally) -> None:
                if tally.done >= 20:
                    scheduler.kill()

            with pytest.raises(ClusterError, match=r"tls://\S+ is gone; what was graded is stored"):
                grade_all(book, pool, notes, waiting, told=restart)
            with pytest.raises(ClusterError, match="is gone"):
                pool.submit(stubs.pid)
    assert 20 <= len(book.grades) < 60
    assert all(graded.result.status is Status.PASSED for graded in book.kept.values())
    before = dict(book.grades)
    with processes(keys, tmp_path) as cluster:
        cluster.start_scheduler()
        cluster.start_workers(2)
        with connect(cluster.address, keys, width=2) as pool:
            tally = grade_all(book, pool, notes, waiting)
    assert tally.done == 60 - len(before)
    assert len(book.grades) == 60
    assert set(book.grades.values()) == {1}


def test_a_scheduler_without_dask_workers_is_given_up_after_a_while(own: Processes, keys: Keys, notes: Path) -> None:
    lost = own.start_workers(1)
    with connect(own.address, keys) as pool:
        pool.submit(stubs.pid).result(30)
        pool.watch(look_s=0.05, patience_s=0.2)
        stubs.end_tree(lost.pid)
        with pytest.raises(ClusterError, match="has had no Dask worker for"):
            pool.submit(stubs.pid).result(30)


def test_leaving_the_pool_does_not_wait_for_a_task_that_hangs(own: Processes, keys: Keys, notes: Path) -> None:
    own.start_workers(1)
    with connect(own.address, keys) as pool:
        hanging = pool.submit(stubs.work, str(notes), task("hang"))
        waiting = pool.submit(stubs.work, str(notes), task("pass"))
    with pytest.raises(ClusterError):
        hanging.result(0)
    with pytest.raises(ClusterError):
        waiting.result(0)


def test_a_dask_worker_without_the_function_ends_the_run_in_one_line(pool: ClusterPool) -> None:
    with pytest.raises(ClusterError, match=r"does not have the grader that runs here: .*only_here"):
        pool.submit(stubs.only_here()).result(30)


def test_an_engine_that_nobody_uses_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = threading.Event()
    monkeypatch.setattr("grader.batch.distant.engines.stop", closed.set)
    monkeypatch.setattr("grader.batch.distant.engines.open", lambda: None)
    rest = _Rest(idle_s=0.05)
    with rest:
        assert not closed.is_set()
    assert closed.wait(10)


def test_an_engine_in_use_is_not_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = threading.Event()
    monkeypatch.setattr("grader.batch.distant.engines.stop", closed.set)
    rest = _Rest(idle_s=3600)
    with rest:
        rest._close()
    assert not closed.is_set()
