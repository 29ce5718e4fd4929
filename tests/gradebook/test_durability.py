from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from grader.gradebook import Gradebook, GradebookError, schema, trail
from grader.model import Status
from tests.gradebook.made import DIGESTS, FIXED, grade_all, graded, hand_in, make, points, record_all

ROOT = Path(__file__).resolve().parents[2]
KILLS = 30


@pytest.mark.timeout(300)
def test_what_was_acknowledged_survives_any_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.gradebook.killed_writer", str(tmp_path / "out"), str(KILLS), "5"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    acknowledged = done.stdout.split()
    # A key that was killed right before it was told may be told never; but none is recorded twice.
    assert len(acknowledged) == len(set(acknowledged)) > KILLS
    with Gradebook.open(tmp_path / "out") as book:
        assert [key for key in acknowledged if book.result(key) is None] == []
        with book._database.transaction() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        grade_all(book)
        for row in book.rows():
            assert row.cells[0].points == 6.0


def test_a_full_disk_is_one_line_and_loses_nothing_that_was_recorded(tmp_path: Path) -> None:
    with make(tmp_path, [hand_in(f"S{number}", text=f"{number}") for number in range(40)]) as book:
        first, *rest = list(book.pending(DIGESTS))
        record_all(book, [first])
        with book._database.transaction() as connection:
            used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {used + 1}")
        with pytest.raises(GradebookError, match=r"no space is left on its disk; make room and run the command again"):
            record_all(book, rest)
        recorded = len([one for one in points(book).values() if one is not None])
        assert recorded >= 1
    with Gradebook.open(tmp_path) as book:
        assert len([one for one in points(book).values() if one is not None]) == recorded
        grade_all(book)
        assert set(points(book).values()) == {6.0}


def test_a_file_that_may_not_grow_is_one_line(tmp_path: Path) -> None:
    with make(tmp_path, [hand_in(f"S{number}", text=f"{number}") for number in range(50)]) as book:
        waiting = list(book.pending(DIGESTS))
        with (
            file_limit(200_000),
            pytest.raises(GradebookError, match="check the disk, and that space is left") as caught,
        ):
            book.add(hand_in(f"T{number}", text=os.urandom(200).hex()) for number in range(2_000))
        assert "\n" not in str(caught.value)
        record_all(book, waiting)


@contextmanager
def file_limit(size_bytes: int) -> Iterator[None]:
    """No file of this process can grow beyond that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_every_commit_is_on_the_disk(tmp_path: Path) -> None:
    with make(tmp_path) as book, book._database.transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000


def test_both_databases_hold_the_same(
    tmp_path: Path, new_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "now", lambda: "2026-03-01T12:00:00+00:00")
    monkeypatch.setattr("grader.gradebook.adjusting.trail.now", trail.now)
    assert everything(str(tmp_path)) == everything(new_url())


def everything(place: str) -> dict[str, list[tuple[Any, ...]]]:
    """What is in the tables after some of everything was done."""
    items = [
        hand_in(name, slug, text) for name in ("Zoë", "ada", "Bob") for slug, text in (("matmul", "x"), ("relu", name))
    ]
    with make(place, items) as book:
        run = book.start_run("grade batch")
        record_all(book, list(book.pending(DIGESTS))[:2], status=Status.UNGRADED)
        grade_all(book)
        record_all(book, book.retry_ungraded(run))
        book.finish_run(run)
        book.adjust("test:bob", "relu", 9.25, "ünicode", "Eve")
        book.record_many((one.key, one, graded(one, 10.0)) for one in list(book.propose(FIXED)))
        book.accept(FIXED, "Eve")
        list(book.rows())
        with book._database.transaction() as connection:
            return {
                table.name: sorted(tuple(row) for row in connection.execute(select(table)))
                for table in schema.metadata.sorted_tables
            }


def test_the_database_is_one_that_other_programs_read(tmp_path: Path) -> None:
    with make(tmp_path, [hand_in("Ada")]) as book:
        grade_all(book)
    connection = sqlite3.connect(tmp_path / "gradebook.sqlite")
    try:
        found = connection.execute("SELECT slug, status, score, host FROM results").fetchall()
    finally:
        connection.close()
    assert found == [("matmul", "failed", 6.0, "here")]
