from __future__ import annotations

import time

import pytest
from sqlalchemy import event

from grader.classroom import CellState, HandIn
from grader.gradebook import Gradebook
from grader.gradebook.class_table import PAGE
from grader.model import Status
from grader.policy import Attempt, Late, Policy, Terms
from tests.gradebook.made import DIGESTS, SLUGS, cells, grade_all, graded, hand_in, make, record_all

DUE = "2026-03-01T12:00:00+00:00"
POLICY = Policy(
    late=Late(percent_per_day=10, max_percent=50),
    exercises={"matmul": Terms(due=DUE, weight=2), "relu": Terms(due=DUE)},
)


def test_a_row_has_a_cell_for_each_exercise_in_course_order(place: str) -> None:
    with make(place, [hand_in("Ada", "relu"), hand_in("Bob")], POLICY) as book:
        grade_all(book)
        rows = list(book.rows())
        assert [[cell.slug for cell in row.cells] for row in rows] == [list(SLUGS)] * 2
        assert [[cell.state for cell in row.cells] for row in rows] == [
            [CellState.MISSING, CellState.GRADED],
            [CellState.GRADED, CellState.MISSING],
        ]
        assert [(row.total, row.max_total, row.complete) for row in rows] == [(6.0, 30.0, True), (12.0, 30.0, True)]


def test_what_has_no_points_is_left_out_of_the_total(place: str) -> None:
    with make(place, [hand_in("Ada"), hand_in("Ada", "relu")]) as book:
        first, second = book.pending(DIGESTS)
        record_all(book, [first])
        (row,) = book.rows()
        assert (row.cells[1].state, row.total, row.max_total, row.complete) == (CellState.WAITING, 6.0, 10.0, False)
        record_all(book, [second], status=Status.UNGRADED)
        (row,) = book.rows()
        assert (row.cells[1].state, row.total, row.max_total, row.complete) == (CellState.UNGRADED, 6.0, 10.0, False)


def test_a_policy_is_applied_on_top_and_can_change_at_any_time(place: str) -> None:
    items = [
        hand_in("Ada", text="good", at="2026-03-01T11:00:00+00:00"),
        hand_in("Ada", text="bad", at="2026-03-02T12:00:01+00:00", attempt=2),
    ]
    with make(place, items, POLICY) as book:
        good, bad = book.pending(DIGESTS)
        record_all(book, [good], 10.0)
        record_all(book, [bad], 6.0)
        ada = cells(book)["Ada"]
        assert (ada.points, ada.attempts[1].percent_off, ada.attempts[1].late_s) == (4.8, 20.0, 86_401.0)
        assert [one.score for one in ada.attempts] == [10.0, 6.0]
        book.set_course("A course", book.columns, Policy(attempt=Attempt.BEST, exercises=POLICY.exercises))
        assert cells(book)["Ada"].points == 10.0
        assert book.columns[0].weight == 2
        book.set_course("A course", book.columns, Policy(late=POLICY.late))
        assert (book.columns[0].weight, book.columns[0].due) == (1, "")
        assert cells(book)["Ada"].points == 6.0


def test_only_some_students_are_read(place: str) -> None:
    with make(place, [hand_in(name) for name in ("Ada", "Bob", "Cid")]) as book:
        some = book.rows(student_keys=["test:cid", "test:ada", "test:nobody"])
        assert [row.student.name for row in some] == ["Ada", "Cid"]
        assert list(book.rows(student_keys=[])) == []


def test_submissions_for_exercises_that_the_course_has_no_more_are_left_out(place: str) -> None:
    with make(place, [hand_in("Ada"), hand_in("Ada", "relu")]) as book:
        grade_all(book)
        book.set_course("A course", book.columns[:1], Policy())
        (row,) = book.rows()
        assert (len(row.cells), row.total) == (1, 6.0)


def test_rows_can_be_read_while_results_are_recorded(place: str) -> None:
    many = [hand_in(f"S{number:04}", text=f"{number}") for number in range(PAGE + 5)]
    with make(place, many) as book:
        waiting = book.pending(DIGESTS)
        seen: list[str] = []
        for row in book.rows():
            if len(seen) % 20 == 0:
                record_all(book, [next(waiting)])
            seen.append(row.student.name)
        assert seen == [item.student.name for item in many]


def test_a_reader_sees_what_was_recorded_while_the_writer_is_at_work(place: str) -> None:
    with make(place, [hand_in("Ada")]) as book, Gradebook.open(place, read_only=True) as reader:
        assert cells(reader)["Ada"].state is CellState.WAITING
        grade_all(book)
        assert cells(reader)["Ada"].points == 6.0


@pytest.mark.parametrize("students", [PAGE // 2, 2 * PAGE - 1])
def test_the_number_of_queries_doesnt_grow_with_the_students_of_a_page(place: str, students: int) -> None:
    with big_class(place, students) as book:
        told: list[str] = []

        def count(connection: object, cursor: object, statement: str, *rest: object) -> None:
            told.append(statement)

        event.listen(book._database._connection.engine, "before_cursor_execute", count)
        assert len(list(book.rows())) == students
        pages = -(-students // PAGE)
        assert len([one for one in told if one.startswith("SELECT")]) == 4 * pages


def test_the_time_for_a_row_doesnt_grow_with_the_class(place: str) -> None:
    def measure(folder: str, students: int) -> float:
        with big_class(folder, students) as book:
            best = min(_timed(book) for _ in range(3))
        return best / students

    small = measure(place, PAGE)
    # Twice as many in a place of their own would do as well; adding to the same one is quicker.
    large = measure(place, 3 * PAGE)
    assert large < 3 * small


def _timed(book: Gradebook) -> float:
    started = time.perf_counter()
    for _ in book.rows():
        pass
    return time.perf_counter() - started


def big_class(place: str, students: int) -> Gradebook:
    """Everybody handed in both exercises, and all contents are one of forty."""
    items: list[HandIn] = [
        hand_in(f"S{number:05}", slug, f"x = {number % 20}\n") for number in range(students) for slug in SLUGS
    ]
    book = make(place, items, POLICY)
    book.record_many((one.key, one, graded(one)) for one in list(book.pending(DIGESTS)))
    return book
