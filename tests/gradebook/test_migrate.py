from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from grader.gradebook import Gradebook, GradebookError
from grader.gradebook.migrate import MIGRATIONS, migrate
from grader.gradebook.place import find_place
from grader.gradebook.schema import VERSION, VERSION_TABLE, metadata
from tests.gradebook import first_version
from tests.gradebook.made import cells, grade_all, hand_in, make, points


@pytest.fixture
def old(place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A gradebook of version 1."""
    found = find_place(place)
    if found.file is not None:
        found.file.parent.mkdir()
        with closing(sqlite3.connect(found.file)) as connection:
            connection.executescript(first_version.DUMP.read_text(encoding="utf-8"))
    else:
        assert found.url is not None
        with create_engine(found.url, poolclass=NullPool).begin() as connection:
            first_version.write(connection)
        monkeypatch.chdir(tmp_path)  # where the copy goes
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        monkeypatch.setenv("PATH", os.pathsep.join([*map(str, programs[-1:]), os.environ["PATH"]]))
    return place


def version(book: Gradebook) -> str:
    with book._database.transaction() as connection:
        return str(connection.exec_driver_sql("SELECT version_num FROM gradebook_version").scalar())


def test_a_gradebook_of_version_1_is_brought_up_to_date(old: str) -> None:
    with Gradebook.open(old) as book:
        assert version(book) == VERSION
        assert points(book) == {"Ada": 6.0, "Zoë": None}
        assert points(book, "relu") == {"Ada": 10.0, "Zoë": 7.5}
        counted = cells(book)["Ada"].counted
        assert counted is not None
        assert counted.diagnoses == ("swapped_gradients", "sum_for_mean")
        result = book.result("matmul-key")
        assert result is not None
        assert result.result.score == 6.0
        assert (book.seed, book.title, book.source("a" * 64)) == (7, "A course", b"x = 1\n")
        book.add([hand_in("Bob")])
        grade_all(book, score=10)
        assert points(book)["Bob"] == 10.0


def test_a_copy_is_made_before(old: str, tmp_path: Path) -> None:
    with Gradebook.open(old) as book:
        copy = book.backup
    assert copy is not None
    if "://" in old:
        assert copy.parent == tmp_path
        assert copy.name.startswith("gradebook.0001.")
        listed = subprocess.run(["pg_restore", "--list", copy], capture_output=True, text=True, check=True).stdout
        assert "TABLE DATA" in listed
        assert "submissions" in listed
        return
    assert copy.parent == tmp_path / "out"
    assert copy.name.startswith("gradebook.0001.")
    assert copy.suffix == ".sqlite"
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT * FROM gradebook_version").fetchall() == [("0001",)]
        assert connection.execute("SELECT count(*) FROM results").fetchone() == (2,)
    with Gradebook.open(copy) as book:  # and it is a gradebook itself
        assert points(book)["Ada"] == 6.0


def test_no_copy_is_made_of_what_is_up_to_date(place: str, tmp_path: Path) -> None:
    make(place).close()
    with Gradebook.open(place) as book:
        assert book.backup is None
    assert not list(tmp_path.rglob("*.0*"))


def test_without_pg_dump_a_copy_must_be_declined(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    if "://" in old:
        with pytest.raises(GradebookError, match=r"pg_dump is not installed to copy it first; .* with --no-backup$"):
            Gradebook.open(old)
    with Gradebook.open(old, backup=False) as book:
        assert version(book) == VERSION
        assert book.backup is None


def test_a_dump_that_fails_stops_the_update(
    new_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = new_url()
    found = find_place(url).url
    assert found is not None
    with create_engine(found, poolclass=NullPool).begin() as connection:
        first_version.write(connection)
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'server version mismatch' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GradebookError, match="could not be copied before the update: server version mismatch; "):
        Gradebook.open(url, backup_folder=tmp_path)
    with pytest.raises(GradebookError, match=f"is of version 0001, older than this grader's {VERSION}"):
        Gradebook.open(url, read_only=True)


def test_one_who_only_reads_updates_nothing(old: str) -> None:
    with pytest.raises(GradebookError, match=f"is of version 0001, older than this grader's {VERSION}"):
        Gradebook.open(old, read_only=True)


def test_an_update_that_fails_leaves_the_old_version(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: Connection) -> None:
        migrate(connection)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("grader.gradebook.database.migrate", fail)
        with pytest.raises(KeyboardInterrupt):
            Gradebook.open(old, backup=False)
    with pytest.raises(GradebookError, match="is of version 0001"):
        Gradebook.open(old, read_only=True)
    with Gradebook.open(old, backup=False) as book:
        assert points(book)["Ada"] == 6.0


def test_a_damaged_gradebook_is_not_updated(tmp_path: Path) -> None:
    file = tmp_path / "gradebook.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(first_version.DUMP.read_text(encoding="utf-8"))
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'results'").fetchone()
    raw = bytearray(file.read_bytes())
    raw[(root - 1) * 4096 : root * 4096] = b"\x17" * 4096
    file.write_bytes(raw)
    with pytest.raises(GradebookError, match="is damaged; go back to a copy"):
        Gradebook.open(tmp_path)


def test_the_tables_that_migrations_make_are_those_that_queries_know(place: str) -> None:
    with make(place) as book, book._database.transaction() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_version_is_the_latest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [VERSION]
