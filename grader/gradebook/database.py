"""An open database: one connection, the lock of the one writer, and transactions whose errors are one line."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, create_engine, event, func, select, text
from sqlalchemy.pool import NullPool

from grader.gradebook import sqlite_file
from grader.gradebook.backup import copy_file, dump_database
from grader.gradebook.errors import DAMAGED, plain_errors
from grader.gradebook.lock import FileLock, lock_database, whoami
from grader.gradebook.migrate import migrate, version_of
from grader.gradebook.nouns import GradebookError
from grader.gradebook.place import Place
from grader.gradebook.schema import VERSION

CONNECT_LIMIT_S = 15


class Database:
    """A database at `place`, opened and of this version. Raises GradebookError.

    With `create`, one that is not there is made, and `create` puts the first rows into it, in the same transaction.
    `backup` is then where a copy of the older version is, if there was one.
    """

    def __init__(
        self,
        place: Place,
        *,
        create: Callable[[Connection], None] | None = None,
        read_only: bool = False,
        backup: bool = True,
        backup_folder: Path | None = None,
    ) -> None:
        self.shown = place.shown
        self.read_only = read_only
        self.backup: Path | None = None
        self._place = place
        self._guard = threading.RLock()
        self._stack = ExitStack()
        try:
            with plain_errors(self.shown):
                self._open(create is not None)
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

    def _update(self, create: Callable[[Connection], None] | None, backup: bool, backup_folder: Path | None) -> None:
        with self._connection.begin():
            version = version_of(self._connection, self.shown)
        if version == VERSION:
            return
        if not version and create is None:
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
            if not version and create is not None:
                create(self._connection)

    def _copy(self, version: str, folder: Path | None) -> Path:
        place = self._place
        if place.file is not None:
            driver = self._connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            if driver.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise GradebookError(f"{self.shown} {DAMAGED}")
            return copy_file(driver, place.file, version)
        assert place.url is not None
        with self._connection.begin():
            schema = str(self._connection.execute(text("SELECT current_schema()")).scalar_one())
        return dump_database(place.url, self.shown, version, folder or Path.cwd(), schema)


def next_id(connection: Connection, table: Table) -> int:
    """The next free id of a table: there is one writer."""
    return int(connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()) + 1


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
