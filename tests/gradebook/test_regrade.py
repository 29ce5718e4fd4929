from __future__ import annotations

import pytest
from sqlalchemy import text

from grader.classroom import CellState
from grader.gradebook import Gradebook, GradebookError
from grader.model import Outcome, Status
from tests.gradebook.made import DIGESTS, FIXED, cells, grade_all, graded, hand_in, make, names, points, record_all

ITEMS = (hand_in("Ada"), hand_in("Bob", text="y"), hand_in("Cid"), hand_in("Ada", "relu"))


def graded_class(place: str) -> Gradebook:
    book = make(place, ITEMS)
    grade_all(book)
    return book


def test_a_changed_exercise_is_not_graded_again_by_itself(place: str) -> None:
    with graded_class(place) as book:
        assert book.outdated(DIGESTS) == {}
        assert book.outdated(FIXED) == {"matmul": 3}
        assert list(book.pending(FIXED)) == []


def test_a_proposed_result_is_nobodys_grade_before_it_is_accepted(place: str) -> None:
    with graded_class(place) as book:
        before = list(book.rows())
        proposed = record_all(book, book.propose(FIXED), 10.0)
        assert names(proposed) == [(1, "matmul"), (2, "matmul")]
        assert list(book.propose(FIXED)) == []
        assert list(book.rows()) == before
        assert book.outdated(FIXED) == {"matmul": 3}


def test_the_changes_say_who_gains_and_by_which_checks(place: str) -> None:
    with graded_class(place) as book:
        book.adjust("test:cid", "matmul", 8, "as agreed", "Eve")
        ada, bob = book.propose(FIXED)
        record_all(book, [ada], 10.0)
        record_all(book, [bob], 0.0)
        changes = list(book.changes(FIXED))
        told = [(one.student.name, one.before.score, one.after.score, one.after.status) for one in changes]
        assert told == [
            ("Ada", 6.0, 10.0, Status.PASSED),
            ("Bob", 6.0, 0.0, Status.FAILED),
            ("Cid", 6.0, 10.0, Status.PASSED),
        ]
        flips = [[(flip.title, flip.before, flip.after) for flip in one.flips] for one in changes]
        assert flips[0] == [("the gradients are right", Outcome.FAILED, Outcome.PASSED)]
        assert flips[1] == [("the values are right", Outcome.PASSED, Outcome.FAILED)]
        assert changes[0].adjustment is None
        assert changes[2].adjustment is not None
        assert changes[2].adjustment.points == 8


def test_what_ends_as_before_is_no_change(place: str) -> None:
    with graded_class(place) as book:
        record_all(book, book.propose(FIXED), 6.0)
        assert list(book.changes(FIXED)) == []
        assert book.accept(FIXED, "Eve") == 3
        assert [one.action for one in book.audit()] == ["created", "accepted"]


def test_a_check_that_is_new_or_gone_is_told(place: str) -> None:
    with graded_class(place) as book:
        ada, _ = book.propose(FIXED)
        one = graded(ada)
        renamed = [
            type(check)(id=f"{check.id}_2", title=check.title, outcome=check.outcome, score=0, max_score=1)
            for check in one.result.checks[:1]
        ]
        result = type(one.result)(
            **{name: getattr(one.result, name) for name in one.result.__struct_fields__} | {"checks": tuple(renamed)}
        )
        book.record(ada.key, ada, type(one)(result=result, seed=7))
        change = next(book.changes(FIXED))
        assert [(flip.id, flip.before, flip.after) for flip in change.flips] == [
            ("test_values_2", None, Outcome.PASSED),
            ("test_values", Outcome.PASSED, None),
            ("test_gradients", Outcome.FAILED, None),
        ]


def test_accepting_switches_all_and_leaves_a_trail(place: str) -> None:
    with graded_class(place) as book:
        record_all(book, book.propose(FIXED), 10.0)
        assert book.accept(FIXED, "Eve") == 3
        assert points(book) == {"Ada": 10.0, "Bob": 10.0, "Cid": 10.0}
        assert points(book, "relu")["Ada"] == 6.0
        assert book.outdated(FIXED) == {}
        assert list(book.changes(FIXED)) == []
        trail = [(one.who, one.action, one.student, one.slug) for one in book.audit()][1:]
        assert trail == [
            ("Eve", "regraded", "test:ada", "matmul"),
            ("Eve", "regraded", "test:bob", "matmul"),
            ("Eve", "regraded", "test:cid", "matmul"),
            ("Eve", "accepted", "", ""),
        ]
        told = next(one.text for one in book.audit() if one.action == "regraded")
        assert told == "attempt 1: failed 6/10 became passed 10/10 (test_gradients: failed -> passed)"
        assert book.accept(FIXED, "Eve") == 0


def test_accepting_that_fails_in_the_middle_switches_nothing(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with graded_class(place) as book:
        record_all(book, book.propose(FIXED), 10.0)
        before = list(book.rows())

        def fail(*args: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("grader.gradebook.regrade._switch", fail)
        with pytest.raises(KeyboardInterrupt):
            book.accept(FIXED, "Eve")
        assert list(book.rows()) == before
        assert [one.action for one in book.audit()] == ["created"]


def test_what_our_own_fault_left_ungraded_replaces_no_grade(place: str) -> None:
    with graded_class(place) as book:
        ada, bob = book.propose(FIXED)
        record_all(book, [ada], status=Status.UNGRADED)
        record_all(book, [bob], 10.0)
        assert [one.after.status for one in book.changes(FIXED)] == [Status.UNGRADED, Status.PASSED, Status.UNGRADED]
        assert book.accept(FIXED, "Eve") == 1
        assert points(book) == {"Ada": 6.0, "Bob": 10.0, "Cid": 6.0}
        assert book.outdated(FIXED) == {"matmul": 2}
        # and it is proposed again, the next time
        record_all(book, book.propose(FIXED), 10.0)
        assert book.accept(FIXED, "Eve") == 2


def test_a_new_hand_in_is_graded_with_the_changed_exercise_at_once(place: str) -> None:
    with graded_class(place) as book:
        book.add([hand_in("Dora", text="new")])
        assert names(grade_all(book, FIXED, 10.0)) == [(5, "matmul")]
        assert points(book) == {"Ada": 6.0, "Bob": 6.0, "Cid": 6.0, "Dora": 10.0}
        assert book.outdated(FIXED) == {"matmul": 3}


def test_a_new_hand_in_of_old_content_doesnt_switch_the_others(place: str) -> None:
    with graded_class(place) as book:
        book.add([hand_in("Dora")])
        grade_all(book, FIXED, 10.0)
        assert points(book) == {"Ada": 6.0, "Bob": 6.0, "Cid": 6.0, "Dora": 10.0}


def test_an_adjustment_survives_a_regrade(place: str) -> None:
    with graded_class(place) as book:
        book.adjust("test:ada", "matmul", 8, "handed in by e-mail", "Eve")
        record_all(book, book.propose(FIXED), 10.0)
        book.accept(FIXED, "Eve")
        ada = cells(book)["Ada"]
        assert ada.points == 8
        assert ada.counted is not None
        assert ada.counted.score == 10.0


def test_the_latest_adjustment_counts_and_all_are_kept(place: str) -> None:
    with graded_class(place) as book:
        for number, why in ((8.0, "first"), (9.5, "second"), (None, "taken back")):
            book.adjust("test:ada", "matmul", number, why, "Eve")
            assert points(book)["Ada"] == (6.0 if number is None else number)
        assert [one.text for one in book.audit() if one.action == "adjusted"] == [
            "none became 8: first",
            "8 became 9.5: second",
            "9.5 became none: taken back",
        ]
        with book._database.transaction() as connection:
            assert connection.execute(text("SELECT count(*) FROM adjustments")).scalar() == 3


def test_an_adjustment_counts_where_nothing_was_handed_in(place: str) -> None:
    with graded_class(place) as book:
        assert cells(book, "relu")["Bob"].state is CellState.MISSING
        book.adjust("test:bob", "relu", 5, "shown in class", "Eve")
        cell = cells(book, "relu")["Bob"]
        assert (cell.state, cell.points, cell.counted) == (CellState.GRADED, 5.0, None)


@pytest.mark.parametrize(
    ("key", "slug", "number", "why", "message"),
    [
        ("test:nobody", "matmul", 5, "x", "no student has the key 'test:nobody' in "),
        ("test:ada", "nothing", 5, "x", "no exercise is called 'nothing' in "),
        ("test:ada", "matmul", 10.5, "x", "10.5 points are not possible: matmul has 0 to 10"),
        ("test:ada", "matmul", -1, "x", "-1 points are not possible: matmul has 0 to 10"),
        ("test:ada", "matmul", float("nan"), "x", "nan points are not possible: matmul has 0 to 10"),
        ("test:ada", "matmul", 5, "  ", "an adjustment needs a reason; say it with --why"),
        ("test:ada", "matmul", None, "x", "test:ada has no adjustment in matmul to take back"),
    ],
)
def test_an_impossible_adjustment_is_refused(
    place: str, key: str, slug: str, number: float | None, why: str, message: str
) -> None:
    with graded_class(place) as book:
        with pytest.raises(GradebookError) as caught:
            book.adjust(key, slug, number, why, "Eve")
        assert str(caught.value).startswith(message)


@pytest.mark.parametrize("table", ["audit", "adjustments"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET who = 'nobody'"])
def test_what_happened_can_not_be_written_over(place: str, table: str, statement: str) -> None:
    with graded_class(place) as book:
        book.adjust("test:ada", "matmul", 8, "x", "Eve")
        with pytest.raises(GradebookError, match=f"{table} is only ever added to"), book._database.transaction() as one:
            one.execute(text(statement.format(table)))


def test_a_changed_policy_is_in_the_trail(place: str) -> None:
    with make(place) as book:
        policy = type(book.policy)(title="x")
        book.set_course("A course", book.columns, policy)
        book.set_course("A course", book.columns, policy)
        assert [one.action for one in book.audit()] == ["created", "course"]
