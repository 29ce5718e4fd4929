from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from grader.gradebook import Gradebook, GradebookError, sqlite_file
from grader.gradebook.place import find_place
from tests.gradebook.made import DIGESTS, grade_all, graded, hand_in, make, points


def refusal(place: str | Path, **options: bool) -> str:
    """The one line that opening it gives."""
    with pytest.raises(GradebookError) as caught, Gradebook.open(place, **options):  # type: ignore[arg-type]
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_place_is_a_folder_a_file_or_a_url(tmp_path: Path) -> None:
    assert find_place(tmp_path).file == tmp_path / "gradebook.sqlite"
    assert find_place(tmp_path / "new").file == tmp_path / "new" / "gradebook.sqlite"
    assert find_place(str(tmp_path / "my.db")).file == tmp_path / "my.db"
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        found = find_place(f"{scheme}://eve:secret@db.example.org:5433/course?sslmode=require")
        assert found.file is None
        assert found.shown == "postgresql://eve:***@db.example.org:5433/course"
        assert found.url is not None
        assert found.url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize("url", ["mysql://eve:secret@host/db", "postgresql://eve:secret@host:port/db", "http://x"])
def test_a_url_of_something_else_is_refused_without_its_password(url: str) -> None:
    assert "secret" not in refusal(url)


def test_a_gradebook_is_only_made_when_asked_for(tmp_path: Path) -> None:
    assert refusal(tmp_path / "out").startswith(f"there is no gradebook at {tmp_path}/out/gradebook.sqlite; ")
    assert refusal(tmp_path / "out", read_only=True).startswith("there is no gradebook at ")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_is_no_gradebook(new_url: Callable[[], str], tmp_path: Path) -> None:
    (tmp_path / "gradebook.sqlite").touch()
    for place in (tmp_path, new_url()):
        assert "holds no gradebook" in refusal(place)
        make(place).close()


def test_a_database_of_something_else_is_left_alone(new_url: Callable[[], str], tmp_path: Path) -> None:
    file, url = tmp_path / "other.sqlite", new_url()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE contacts (name)")
    schema = url.rpartition("%3D")[2]
    with psycopg.connect(url.partition("&options")[0], autocommit=True) as server:
        server.execute(f"CREATE TABLE {schema}.contacts (name text)")
    for place in (file, url):
        assert "is a database of something else" in refusal(place, create=True)


def test_a_gradebook_of_a_newer_grader_is_left_alone(place: str) -> None:
    with make(place) as book, book._database.transaction() as connection:
        connection.execute(text("UPDATE gradebook_version SET version_num = '0099'"))
    for options in ({"create": True}, {}, {"read_only": True}):
        assert "was written by a newer grader (its version is 0099" in refusal(place, **options)


@pytest.mark.parametrize("damage", [b"This is a text and no database, whatever its name may say.\n" * 20, b"\0" * 8192])
def test_a_file_that_is_no_database_is_one_line(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "gradebook.sqlite").write_bytes(damage)
    assert "is not a gradebook, or it is damaged" in refusal(tmp_path)


def test_a_damaged_gradebook_is_one_line(tmp_path: Path) -> None:
    with make(tmp_path, [hand_in(f"S{number}", text=str(number)) for number in range(300)]) as book:
        book.record_many((one.key, one, graded(one)) for one in list(book.pending(DIGESTS)))
    file = tmp_path / "gradebook.sqlite"
    raw = bytearray(file.read_bytes())
    for start in range(8192, len(raw), 4096):
        raw[start : start + 200] = os.urandom(200)
    file.write_bytes(raw)
    with pytest.raises(GradebookError, match="is damaged; go back to a copy"), Gradebook.open(tmp_path) as book:
        list(book.rows())


def test_a_result_that_is_damaged_is_one_line(place: str) -> None:
    with make(place, [hand_in("Ada")]) as book:
        (pending,) = grade_all(book)
        with book._database.transaction() as connection:
            connection.execute(text("UPDATE results SET data = :data"), {"data": b"nonsense"})
        with pytest.raises(GradebookError, match="is damaged"):
            book.result(pending.key)


def test_two_writers_are_refused_with_the_name_of_the_first(place: str) -> None:
    with make(place):
        line = refusal(place)
        assert f"is being written by {'grade: ' if '://' in place else ''}process {os.getpid()} on " in line
        assert line.endswith("; wait until it has finished, or end it")
        Gradebook.open(place, read_only=True).close()
    Gradebook.open(place).close()


def test_the_lock_of_another_process_ends_with_it(place: str) -> None:
    program = "import sys; from grader.gradebook import Gradebook; Gradebook.open(sys.argv[1], create=True); "
    program += "print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, place]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        assert f"process {other.pid} on " in refusal(place)
        other.kill()
        other.wait()
    for _ in range(500):  # the server notices the lost connection when it does
        try:
            Gradebook.open(place).close()
            return
        except GradebookError:
            continue
    pytest.fail("the lock is still held")


def test_two_gradebooks_in_one_database_have_a_writer_each(new_url: Callable[[], str]) -> None:
    with make(new_url(), [hand_in("Ada")]) as one, make(new_url()) as other:
        assert len(list(one.rows())) == 1
        assert list(other.rows()) == []


@contextmanager
def as_nobody() -> Iterator[Path]:
    """A folder that an ordinary user may write in, as that user: nothing is read-only for root."""
    folder = Path(tempfile.mkdtemp(prefix="gradebook-"))
    root = os.geteuid() == 0
    if root:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


def test_a_read_only_folder_is_one_line_and_can_be_read() -> None:
    with as_nobody() as folder:
        with make(folder, [hand_in("Ada")]) as book:
            grade_all(book)
        (folder / "gradebook.sqlite.lock").unlink()
        folder.chmod(0o500)
        told = "can't be written: the file or its folder is read-only; copy it to where you may write"
        assert told in refusal(folder)
        assert told in refusal(folder / "new", create=True)
        with Gradebook.open(folder, read_only=True) as book:
            assert points(book) == {"Ada": 6.0}
        folder.chmod(0o700)
        (folder / "gradebook.sqlite").chmod(0o400)
        assert told in refusal(folder)


def test_postgresql_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    line = refusal(f"postgresql://eve:secret@/postgres?host={tmp_path}", create=True)
    assert line.startswith("postgresql://eve:***@/postgres can't be reached: ")


def test_postgresql_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert 'pip install "grader[postgres]"' in refusal("postgresql://eve@host/course")


def test_a_lost_connection_is_one_line(new_url: Callable[[], str]) -> None:
    url = new_url()
    with make(url, [hand_in("Ada")]) as book:
        with psycopg.connect(url.partition("&options")[0], autocommit=True) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'grade:%'"
            )
        with pytest.raises(GradebookError, match=r"^postgresql://grader@/postgres can't be"):
            grade_all(book)
    with Gradebook.open(url) as book:
        grade_all(book)


def test_a_write_ahead_log_is_used_where_it_works(tmp_path: Path) -> None:
    assert sqlite_file.wal_works(tmp_path)
    # Locks by files have no shared memory: the mode is refused, as some network file systems do.
    assert not sqlite_file.wal_works(tmp_path, "&vfs=unix-dotfile")
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_fails_at_the_first_write_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sqlite_file._open

    def unwritable(file: Path, options: str) -> sqlite3.Connection:
        connection = real(file, options)
        connection.execute("PRAGMA query_only=ON")
        return connection

    monkeypatch.setattr(sqlite_file, "_open", unwritable)
    assert not sqlite_file.wal_works(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_a_log_the_journal_is_as_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "wal_works", lambda folder: False)
    for _ in range(2):  # also one that had a log before
        with make(tmp_path, [hand_in("Ada")]) as book:
            with book._database.transaction() as connection:
                assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "truncate"
                assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            grade_all(book)
            assert points(book) == {"Ada": 6.0}
        monkeypatch.setattr(sqlite_file, "wal_works", lambda folder: True)
        Gradebook.open(tmp_path).close()
        monkeypatch.setattr(sqlite_file, "wal_works", lambda folder: False)


def test_a_file_system_that_machines_share_gets_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    home = tmp_path / "my home"
    home.mkdir()
    escaped = str(home).replace(" ", "\\040")
    mounts.write_text(
        "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        f"35 22 0:40 / {escaped} rw - nfs4 server:/home rw,vers=4.2\n"
        "a line of another kind\n"
    )
    assert sqlite_file.file_system(home / "out", mounts) == "nfs4"
    assert sqlite_file.file_system(tmp_path, mounts) == "ext4"
    assert sqlite_file.file_system(tmp_path, tmp_path / "nothing") == ""
    monkeypatch.setattr(sqlite_file, "file_system", lambda folder: "nfs4")
    assert not sqlite_file.wal_works(tmp_path)


def test_a_seed_is_drawn_once(place: str) -> None:
    with Gradebook.open(place, create=True) as book:
        seed = book.seed
    with Gradebook.open(place, create=True) as book:
        assert book.seed == seed > 0


def test_a_gradebook_that_could_not_be_made_whole_is_made_by_the_next(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("grader.gradebook.settings.write_seed", fail)
        with pytest.raises(KeyboardInterrupt):
            Gradebook.open(place, create=True)
    with Gradebook.open(place, create=True, seed=3) as book:
        assert book.seed == 3


def test_closing_twice_is_fine(place: str) -> None:
    book = make(place)
    book.close()
    book.close()
