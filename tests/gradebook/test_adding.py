from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec
import pytest

from grader.classroom import CellState, HandIn, Refused, Student, Unmatched
from grader.gradebook import Added, Gradebook
from grader.gradebook.adding import BATCH
from tests.gradebook.made import cells, grade_all, hand_in, make, points, student


def test_what_is_known_is_not_added_twice(place: str) -> None:
    items = [hand_in("Ada"), hand_in("Ada", "relu"), hand_in("Ada", text="x = 2\n", attempt=2), hand_in("Bob")]
    with make(place) as book:
        assert book.add(items) == Added(new=4)
        assert book.add([*items, hand_in("Cid")]) == Added(new=1, known=4)
        assert len(cells(book)["Ada"].attempts) == 2


@pytest.mark.parametrize("change", [{"at": "2026-03-01T12:00:00+00:00"}, {"ref": "other"}, {"text": "x = 3\n"}])
def test_another_time_reference_or_content_is_another_hand_in(place: str, change: dict[str, str]) -> None:
    with make(place, [hand_in("Ada")]) as book:
        assert book.add([hand_in("Ada", **change)]) == Added(new=1)  # type: ignore[arg-type]


def test_a_whole_class_is_added_in_several_transactions(place: str) -> None:
    many = [hand_in(f"S{number:04}", text=f"x = {number % 50}\n") for number in range(2 * BATCH + 7)]
    with make(place) as book:
        assert book.add(iter(many)) == Added(new=len(many))
        assert book.add(iter(many)) == Added(known=len(many))
        assert [row.student.name for row in book.rows()] == [item.student.name for item in many]


def test_two_equal_files_in_one_batch_are_one(place: str) -> None:
    with make(place) as book:
        assert book.add([hand_in("Ada"), hand_in("Ada")]) == Added(new=1, known=1)


def test_what_a_later_download_knows_of_a_student_is_added(place: str) -> None:
    first = Student(key="canvas:1", ids={"canvas_user": "1"})
    later = Student(key="canvas:1", name="Ada", ids={"email": "ada@example.org"})
    silent = Student(key="canvas:1")
    with make(place) as book:
        for one in (first, later, silent):
            book.add([msgspec.structs.replace(hand_in("x"), student=one)])
        (row,) = book.rows()
        ids = {"canvas_user": "1", "email": "ada@example.org"}
        assert row.student == Student(key="canvas:1", name="Ada", ids=ids)


def test_the_source_is_kept_as_text_and_found_by_the_file(place: str) -> None:
    text = "# ä\nx = 1\n"
    with_mark = hashlib.sha256(b"\xef\xbb\xbf" + text.encode()).hexdigest()
    with make(place, [hand_in("Ada", text=text), hand_in("Bob", text=text, sha256=with_mark)]) as book:
        for sha256 in (with_mark, hashlib.sha256(text.encode()).hexdigest()):
            assert book.source(sha256) == text.encode()
        assert book.source("0" * 64) is None
        assert len(grade_all(book)) == 1


def test_exercises_from_one_notebook_have_sources_of_their_own(place: str) -> None:
    notebook = "a" * 64
    items = [hand_in("Ada", slug, f"# {slug}\n", sha256=notebook) for slug in ("matmul", "relu")]
    with make(place, items) as book:
        assert [book.source(notebook, slug) for slug in ("matmul", "relu")] == [b"# matmul\n", b"# relu\n"]
        assert [one.source for one in grade_all(book)] == ["# matmul\n", "# relu\n"]


def test_no_text_of_a_student_breaks_the_database(place: str) -> None:
    hostile = "a\0b\ud800c'; DROP TABLE students; --\N{SNOWMAN}"
    person = Student(key=f"x:{hostile}", name=hostile, ids={"email": hostile, hostile: "y"})
    item = msgspec.structs.replace(
        hand_in("x", ref=hostile + "r" * 10_000, file=hostile, problem=hostile), student=person
    )
    with make(place) as book:
        added = book.add(
            [
                item,
                Unmatched(place=hostile, why=hostile, student=person),
                Refused(student=person, place="p", why=hostile),
            ]
        )
        assert added == Added(new=1, unmatched=1, refused=1)
        assert book.add([item]) == Added(known=1)
        (row,) = book.rows()
        assert row.student.name == "a\ufffdb\ufffdc'; DROP TABLE students; --\N{SNOWMAN}"
        assert book.find_students(row.student.name.upper()) == (row.student,)
        (pending,) = grade_all(book)
        assert pending.source is None
        assert pending.problem == row.student.name


def test_what_an_archive_and_its_folder_both_say_is_listed_once(place: str) -> None:
    refused = Refused(student=student("Bob"), place="bob.zip", why="a zip bomb")
    unmatched = Unmatched(place="notes.py", why="no exercise is called notes", student=student("Ada"))
    nobody = Unmatched(place="x.py", why="of nobody")
    with make(place) as book:
        for origin in ("a.zip", "a"):
            assert book.add([refused, unmatched, nobody], origin=origin) == Added(unmatched=2, refused=1)
        assert list(book.refused()) == [refused]
        assert list(book.unmatched()) == [unmatched, nobody]
        assert book.add([], origin="a.zip") == Added()
        assert list(book.refused()) == [refused]


def test_unmatched_and_refused_work_is_listed_with_its_student(place: str) -> None:
    unmatched = [
        Unmatched(place="notes.txt", why="no exercise"),
        Unmatched(place="x.py", why="?", student=student("Ada")),
    ]
    refused = Refused(student=student("Bob"), place="bob.zip", why="a zip bomb")
    with make(place) as book:
        for _ in range(2):
            book.add([*unmatched, refused])
        assert list(book.unmatched()) == unmatched
        assert list(book.refused()) == [refused]
        assert {name: cell.state for name, cell in cells(book).items()} == {
            "Ada": CellState.MISSING,
            "Bob": CellState.REFUSED,
        }
        assert cells(book)["Bob"].why == "a zip bomb"


def test_work_that_was_refused_for_one_exercise_leaves_the_others_missing(place: str) -> None:
    both = [
        Refused(student=student("Ada"), place="ada/x/relu.py", why="two differ", slug="relu"),
        Refused(student=student("Bob"), place="bob.zip", why="a bomb"),
    ]
    with make(place) as book:
        for _ in range(2):
            book.add(both)
        assert list(book.refused()) == both
        assert {name: cell.why for name, cell in cells(book, "relu").items()} == {"Ada": "two differ", "Bob": "a bomb"}
        assert {name: cell.state for name, cell in cells(book, "matmul").items()} == {
            "Ada": CellState.MISSING,
            "Bob": CellState.REFUSED,
        }


def test_what_a_download_lists_no_more_is_forgotten(place: str) -> None:
    with make(place) as book:
        book.add([Unmatched(place="a", why="?"), Unmatched(place="b", why="?")], origin="week 1")
        book.add([Unmatched(place="c", why="?")], origin="week 2")
        book.add([Unmatched(place="b", why="?")], origin="week 1")
        assert [one.place for one in book.unmatched()] == ["b", "c"]


def test_the_attempt_of_the_later_download_is_the_later_attempt(place: str) -> None:
    # Canvas gives the latest attempt only, and no time.
    with make(place, [hand_in("Ada", text="first")]) as book:
        book.add([hand_in("Ada", text="second")])
        ada = cells(book)["Ada"]
        assert [one.attempt for one in ada.attempts] == [1, 2]
        assert book.source(ada.attempts[-1].sha256) == b"second"
        assert ada.counted == ada.attempts[-1]


def test_attempts_are_in_the_order_of_their_times_where_all_are_known(place: str) -> None:
    late, early = "2026-03-02T00:00:00+00:00", "2026-03-01T00:00:00+00:00"
    with make(place, [hand_in("Ada", text="late", at=late)]) as book:
        book.add([hand_in("Ada", text="early", at=early)])
        assert [one.submitted_at for one in cells(book)["Ada"].attempts] == [early, late]


def test_a_download_that_was_cut_off_goes_on_as_the_same_one(place: str) -> None:
    """Attempts may come in any order: those before and after a crash must not count as two downloads."""
    items = [hand_in("Ada", text="second", attempt=2)]
    items += [hand_in(f"S{number}") for number in range(BATCH - 1)]
    items += [hand_in("Ada", text="first", attempt=1)]

    def cut() -> Iterator[HandIn]:
        yield from items[:BATCH]
        raise KeyboardInterrupt

    with make(place) as book:
        with pytest.raises(KeyboardInterrupt):
            book.add(cut())
        assert book.add(items) == Added(new=1, known=BATCH)
        assert [book.source(one.sha256) for one in cells(book)["Ada"].attempts] == [b"first", b"second"]


def test_students_are_found_by_key_name_and_ids(place: str) -> None:
    with make(place, [hand_in("Ägidius"), hand_in("Bob")]) as book:
        for text in ("ägidius", "ÄGIDIUS@EXAMPLE.ORG", " test:ägidius ", "Ägidius"):
            assert [one.name for one in book.find_students(text)] == ["Ägidius"]
        assert book.find_students("bo") == book.find_students("") == ()


def test_students_are_sorted_alike_everywhere(place: str) -> None:
    given = ["Zoë", "émile", "Emil", "Österberg", "Ophelia", "van Dam", "Van Aa", "a'b", "ab", "Ab"]
    items = [msgspec.structs.replace(hand_in("x"), student=Student(key=f"k:{name}", name=name)) for name in given]
    items.append(msgspec.structs.replace(hand_in("x"), student=Student(key="nobody:1")))
    with make(place, items) as book:
        found = [row.student.name for row in book.rows()]
        wanted = ["a'b", "Ab", "ab", "Emil", "émile", "", "Ophelia", "Österberg", "Van Aa", "van Dam", "Zoë"]
        assert found == wanted


def test_a_gradebook_keeps_everything_when_it_is_opened_again(place: str) -> None:
    with make(place, [hand_in("Ada"), hand_in("Bob", text="y")]) as book:
        grade_all(book)
        before, columns, seed = list(book.rows()), book.columns, book.seed
    with Gradebook.open(place, read_only=True) as book:
        assert list(book.rows()) == before
        assert (book.title, book.columns, book.seed) == ("A course", columns, seed)
        assert points(book) == {"Ada": 6.0, "Bob": 6.0}
