from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest

from grader.classroom import CellState
from grader.gradebook import Gradebook, GradebookError, content_of, result_key
from grader.gradebook.results import PAGE
from grader.model import CheckResult, Diagnosis, DiagnosisKind, Environment, Outcome, Status
from tests.gradebook.made import DIGESTS, FIXED, cells, grade_all, graded, hand_in, make, names, points, record_all


def test_equal_contents_are_graded_once(place: str) -> None:
    items = [
        hand_in("Ada"),
        hand_in("Bob", file="bob_1234_matmul.py"),
        hand_in("Bob", "relu"),
        hand_in("Cid", text="y"),
    ]
    with make(place, items) as book:
        waiting = list(book.pending(DIGESTS))
        assert names(waiting) == [(1, "matmul"), (3, "relu"), (4, "matmul")]
        assert waiting[0].key == result_key("matmul", content_of(items[0].submission), "m1", 7)
        record_all(book, waiting)
        assert points(book) == {"Ada": 6.0, "Bob": 6.0, "Cid": 6.0}
        assert list(book.pending(DIGESTS)) == []


def test_a_file_name_is_not_shared_with_those_who_handed_in_the_same(place: str) -> None:
    files = ("bob_1234_matmul.py", "Bob's.IPYNB", "bob.txt")
    items = [hand_in("Bob", text=file, file=file) for file in files]
    with make(place, items) as book:
        assert [one.file for one in book.pending(DIGESTS)] == ["matmul.py", "matmul.ipynb", "matmul.py"]
        assert [one.file for one in cells(book)["Bob"].attempts] == list(files)


def test_what_waits_may_be_recorded_while_it_is_read(place: str) -> None:
    """As a batch does it: always some in flight, and the same content again on a later page."""
    many = [hand_in(f"S{number:04}", text=f"x = {number % (PAGE + 20)}\n") for number in range(3 * PAGE)]
    with make(place, many) as book:
        flight = []
        told = []
        for pending in book.pending(DIGESTS):
            told.append(pending.key)
            flight.append(pending)
            if len(flight) > 30:
                record_all(book, [flight.pop(0)])
        record_all(book, flight)
        assert len(told) == len(set(told)) == PAGE + 20
        assert set(points(book).values()) == {6.0}


def test_an_exercise_without_a_digest_waits(place: str) -> None:
    with make(place, [hand_in("Ada"), hand_in("Ada", "relu")]) as book:
        assert names(grade_all(book, {"relu": "r1"})) == [(2, "relu")]
        assert cells(book)["Ada"].state is CellState.WAITING


def test_a_later_hand_in_of_graded_content_has_its_grade_at_once(place: str) -> None:
    with make(place, [hand_in("Ada")]) as book:
        grade_all(book)
        book.add([hand_in("Bob")])
        assert list(book.pending(DIGESTS)) == []
        assert points(book) == {"Ada": 6.0, "Bob": 6.0}


def test_an_unreadable_file_is_pending_with_its_problem(place: str) -> None:
    big = hand_in("Ada", problem="ada.py has 300 KiB; shorten it")
    with make(place, [big, hand_in("Bob", problem="bob.py is not UTF-8")]) as book:
        waiting = grade_all(book, score=0, status=Status.FAILED)
        assert [(one.source, one.problem) for one in waiting] == [
            (None, "ada.py has 300 KiB; shorten it"),
            (None, "bob.py is not UTF-8"),
        ]
        assert waiting[0].file == big.submission.file


def test_many_results_are_read_at_once(place: str) -> None:
    with make(place, [hand_in(f"Student {n}", text=f"x = {n}\n") for n in range(230)]) as book:
        waiting = list(book.pending(DIGESTS))
        book.record_many((one.key, one, graded(one)) for one in waiting[:-1])
        keys = [one.key for one in waiting]
        found = book.results([*keys, keys[0], "nothing"])
        assert set(found) == set(keys[:-1])
        assert all(found[one.key] == graded(one) for one in waiting[:-1])
        assert book.results([]) == {}


def test_a_result_comes_back_as_it_was_recorded(place: str) -> None:
    with make(place, [hand_in("Ada")]) as book:
        (pending,) = book.pending(DIGESTS)
        one = graded(pending)
        book.record(pending.key, pending, one)
        assert book.result(pending.key) == one
        assert book.result("nothing") is None
        counted = cells(book)["Ada"].counted
        assert counted is not None
        assert (counted.key, counted.status, counted.score, counted.max_score) == (
            pending.key,
            Status.FAILED,
            6.0,
            10.0,
        )
        assert (counted.duration_s, counted.memory_mib, counted.diagnoses) == (0.5, 64.0, ("swapped",))


def test_recording_again_changes_nothing(place: str) -> None:
    with make(place, [hand_in("Ada")]) as book:
        (pending,) = book.pending(DIGESTS)
        for score in (6.0, 6.0, 10.0):
            book.record(pending.key, pending, graded(pending, score))
        assert points(book) == {"Ada": 6.0}


def test_several_results_are_recorded_all_or_none(place: str) -> None:
    with make(place, [hand_in("Ada"), hand_in("Bob", text="y")]) as book:
        first, second = book.pending(DIGESTS)
        wrong = graded(second, duration_s=math.nan)
        with pytest.raises(ValueError, match="matmul"):
            book.record_many([(first.key, first, graded(first)), (second.key, second, wrong)])
        assert len(list(book.pending(DIGESTS))) == 2
        book.record_many((one.key, one, graded(one)) for one in (first, second))
        assert points(book) == {"Ada": 6.0, "Bob": 6.0}


def test_a_result_of_something_else_is_not_recorded(place: str) -> None:
    with make(place, [hand_in("Ada"), hand_in("Ada", "relu")]) as book:
        first, second = book.pending(DIGESTS)
        for key, one in ((second.key, graded(first)), (first.key, graded(second))):
            with pytest.raises(ValueError, match="is not one of what was pending"):
                book.record(key, first, one)


def test_a_message_that_no_text_may_hold_is_recorded_all_the_same(place: str) -> None:
    with make(place, [hand_in("Ada")]) as book:
        (pending,) = book.pending(DIGESTS)
        one = graded(pending)
        check = CheckResult(
            id="c", title="t", outcome=Outcome.FAILED, score=0, max_score=1, message="a\ud800\0b", output="\udfff"
        )
        named = Diagnosis(check="c", kind=DiagnosisKind.FORBIDDEN_API, name="torch.\ud800", text=".")
        result = msgspec.structs.replace(one.result, checks=(check,), diagnoses=(named,))
        book.record(pending.key, pending, msgspec.structs.replace(one, result=result))
        found = book.result(pending.key)
        assert found is not None
        assert found.result.checks[0].message == "a\ufffd\ufffdb"
        counted = cells(book)["Ada"].counted
        assert counted is not None
        assert counted.diagnoses == ("torch.\ufffd",)


def test_an_ungraded_result_is_replaced_by_a_graded_one_and_never_the_reverse(place: str) -> None:
    with make(place, [hand_in("Ada")]) as book:
        (pending,) = book.pending(DIGESTS)
        book.record(pending.key, pending, graded(pending, status=Status.UNGRADED))
        assert cells(book)["Ada"].state is CellState.UNGRADED
        assert points(book) == {"Ada": None}
        assert list(book.pending(DIGESTS)) == []
        book.record(pending.key, pending, graded(pending))
        book.record(pending.key, pending, graded(pending, status=Status.UNGRADED))
        assert points(book) == {"Ada": 6.0}


def test_what_could_not_be_graded_is_tried_once_more_in_each_run(place: str) -> None:
    with make(place, [hand_in("Ada"), hand_in("Bob"), hand_in("Cid", text="y")]) as book:
        first = book.start_run()
        grade_all(book, status=Status.UNGRADED)
        again = list(book.retry_ungraded(first))
        assert names(again) == [(1, "matmul"), (3, "matmul")]
        record_all(book, again[:1])
        record_all(book, again[1:], status=Status.UNGRADED)
        assert list(book.retry_ungraded(first)) == []
        book.finish_run(first)
        assert next(book.retry_ungraded(book.start_run())).key == again[1].key
        record_all(book, book.retry_ungraded())
        assert points(book) == {"Ada": 6.0, "Bob": 6.0, "Cid": 6.0}


def test_what_could_not_be_graded_is_pending_when_its_exercise_was_repaired(place: str) -> None:
    """It has no grade that a regrade would have to be asked for."""
    with make(place, [hand_in("Ada")]) as book:
        grade_all(book, status=Status.UNGRADED)
        book.add([hand_in("Bob")])
        assert book.outdated(FIXED) == {}
        assert names(grade_all(book, FIXED)) == [(1, "matmul")]
        assert points(book) == {"Ada": 6.0, "Bob": 6.0}
        assert list(book.retry_ungraded(None, FIXED)) == []


def test_only_what_was_tried_with_the_present_digests_is_retried(place: str) -> None:
    with make(place, [hand_in("Ada")]) as book:
        grade_all(book, status=Status.UNGRADED)
        assert list(book.retry_ungraded(None, FIXED)) == []
        assert len(list(book.retry_ungraded(None, DIGESTS))) == 1


def test_runs_are_remembered(place: str) -> None:
    environment = Environment(grader="1", python="3.11", torch="2.13")
    with make(place, [hand_in("Ada"), hand_in("Bob", text="y")]) as book:
        assert book.last_run() is None
        number = book.start_run("grade batch x", "sandbox", environment)
        first, second = book.pending(DIGESTS)
        record_all(book, [first])
        record_all(book, [second], status=Status.UNGRADED)
        running = book.last_run()
        assert running is not None
        assert (running.id, running.finished_at) == (number, "")
        book.finish_run(number)
        run = book.last_run()
        assert run is not None
        assert (run.command, run.isolation, run.environment) == ("grade batch x", "sandbox", environment)
        assert (run.graded, run.ungraded, bool(run.finished_at)) == (1, 1, True)


def test_one_who_only_reads_is_told_what_waits_and_writes_nothing(place: str) -> None:
    with make(place, [hand_in("Ada")]) as book:
        (pending,) = book.pending(DIGESTS)
    with Gradebook.open(place, read_only=True) as book:
        assert list(book.pending(DIGESTS)) == [pending]
        with pytest.raises(GradebookError, match=r"can't be written") as caught:
            book.record(pending.key, pending, graded(pending))
        assert "\n" not in str(caught.value)


def test_the_key_tells_its_parts_apart() -> None:
    keys = {
        result_key(slug, content, digest, seed)
        for slug, content in (("a", "bc"), ("ab", "c"))
        for digest in ("d", "e")
        for seed in (1, 2)
    }
    assert len(keys) == 8


def test_content_is_what_is_graded_and_not_how_the_file_was_saved(tmp_path: Path) -> None:
    texts = [hand_in("A", sha256="1" * 64), hand_in("B", sha256="2" * 64)]
    assert len({content_of(one.submission) for one in texts}) == 1
    problems = [hand_in("A", problem="a.py is empty"), hand_in("A", problem="b.py is empty")]
    assert len({content_of(one.submission) for one in problems}) == 2
