"""An open database: one connection, the lock of the one writer, and transactions whose errors are one line."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.pool import NullPool

from grader.gradebook import sqlite_file
from grader.gradebook.backup import copy_file, dump_database
from grader.gradebook.errors import plain_errors
from grader.gradebook.lock import FileLock, lock_database, whoami
from grader.gradebook.migrate import migrate, version_of
from grader.gradebook.nouns import GradebookError
from grader.gradebook.place import Place
from grader.gradebook.schema import VERSION

CONNECT_LIMIT_S = 15


class Database:
    """A database at `place`, opened and of this version. `created` says whether its tables were made just now.

    `backup` is where a copy of the older version is, if there was one. Raises GradebookError.
    """

    def __init__(
        self, place: Place, *, create: bool, read_only: bool, backup: bool = True, backup_folder: Path | None = None
    ) -> None:
        self.shown = place.shown
        self.read_only = read_only
        self.created = False
        self.backup: Path | None = None
        self._place = place
        self._guard = threading.RLock()
        self._stack = ExitStack()
        try:
            with plain_errors(self.shown):
                self._open(create)
                self._update(create, backup, backup_folder)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that is on the disk when it ends, or that never was. Raises GradebookError."""
        with self._guard, plain_errors(self.shown), self._connection.begin():
            yield self._connection

    def close(self) -> None:
        """Give everything back; a second time does nothing."""
        with self._guard:
            self._stack.close()

    def _open(self, create: bool) -> None:
        place = self._place
        if place.file is not None:
            file = place.file
            if not create and not file.exists():
                raise GradebookError(
                    f"there is no gradebook at {self.shown}; `grade batch SUBMISSIONS --out DIR` makes one in DIR"
                )
            if create:
                file.parent.mkdir(parents=True, exist_ok=True)
            if not self.read_only:
                lock = FileLock(file.with_name(file.name + ".lock"), self.shown)
                self._stack.callback(lock.release)
            engine = create_engine(
                "sqlite://",
                creator=lambda: sqlite_file.connect(file, create=create, read_only=self.read_only),
                poolclass=NullPool,
            )
            begin = "BEGIN" if self.read_only else "BEGIN IMMEDIATE"
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        else:
            engine = _postgresql(place)
        self._stack.callback(engine.dispose)
        self._connection = engine.connect()
        self._stack.callback(self._close_connection)
        if place.url is not None:
            with self._connection.begin():
                if self.read_only:
                    self._connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
                else:
                    lock_database(self._connection, self.shown)

    def _close_connection(self) -> None:
        with suppress(Exception):  # the connection may be lost, and there is nothing more to say
            self._connection.close()

    def _update(self, create: bool, backup: bool, backup_folder: Path | None) -> None:
        with self._connection.begin():
            version = version_of(self._connection, self.shown)
        if version == VERSION:
            return
        if not version and not create:
            raise GradebookError(f"{self.shown} holds no gradebook; `grade batch` makes one")
        if self.read_only:
            raise GradebookError(
                f"{self.shown} is of version {version or 'none'}, older than this grader's {VERSION}; `grade batch` "
                "with it brings it up to date"
            )
        if version and backup:
            self.backup = self._copy(version, backup_folder)
        with self._connection.begin():
            migrate(self._connection)
        self.created = not version

    def _copy(self, version: str, folder: Path | None) -> Path:
        place = self._place
        if place.file is not None:
            driver = self._connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            damage = driver.execute("PRAGMA quick_check(1)").fetchone()[0]
            if damage != "ok":
                raise sqlite3.DatabaseError(damage)
            return copy_file(driver, place.file, version)
        assert place.url is not None
        with self._connection.begin():
            schema = str(self._connection.execute(text("SELECT current_schema()")).scalar_one())
        return dump_database(place.url, self.shown, version, folder or Path.cwd(), schema)


def _postgresql(place: Place) -> Engine:
    assert place.url is not None
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise GradebookError(
            'PostgreSQL needs the package psycopg; install it with: pip install "grader[postgres]"'
        ) from None
    name = f"grade: {whoami()}"[:63]  # PostgreSQL cuts it there
    return create_engine(
        place.url,
        poolclass=NullPool,
        connect_args={"application_name": name, "connect_timeout": CONNECT_LIMIT_S},
    )
