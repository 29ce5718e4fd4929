"""One writer: a lock that the operating system or the database takes back when its holder dies.

For an SQLite file it is a lock on the file `gradebook.sqlite.lock` beside it. The file says who holds it and stays
when the lock is gone: removing it would let two writers lock two files of the same name. For PostgreSQL it is an
advisory lock, which ends with the connection.
"""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, text

from grader.gradebook.nouns import GradebookError
from grader.text import clean_line

# The lock's number: ours, and that of the schema, so that two gradebooks can be in one database.
_OURS = 0x67726164
_HOLDER_MAX_BYTES = 300


class FileLock:
    """A lock on a file, held until `release` or the end of the process. Raises GradebookError if another has it."""

    def __init__(self, path: Path, shown: str) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        try:
            if not _try_lock(self._descriptor):
                holder = os.pread(self._descriptor, _HOLDER_MAX_BYTES, 0) if hasattr(os, "pread") else b""
                who = clean_line(holder.decode("utf-8", "replace"), 200) or "another process"
                raise GradebookError(f"{shown} is being written by {who}; wait until it has finished, or end it")
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"{whoami()}\n".encode("utf-8", "replace"))
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def lock_database(connection: Connection, shown: str) -> None:
    """Take the advisory lock of a PostgreSQL gradebook for this connection. Raises GradebookError."""
    numbers = {"ours": _OURS}
    taken = connection.execute(
        text("SELECT pg_try_advisory_lock(:ours, hashtext(current_schema()))"), numbers
    ).scalar_one()
    if taken:
        return
    holder = connection.execute(
        text(
            "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
            "JOIN pg_database d ON d.oid = l.database AND d.datname = current_database() "
            "WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint = :ours "
            "AND l.objid::bigint = (hashtext(current_schema())::bigint & 4294967295)"
        ),
        numbers,
    ).scalar()
    who = clean_line(holder or "", 200) or "another process"
    raise GradebookError(f"{shown} is being written by {who}; wait until it has finished, or end it")


def whoami() -> str:
    """This process, as another one's message names it."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return f"process {os.getpid()} on {platform.node()} (since {since})"


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            # A byte far behind the text, which others can then still read.
            os.lseek(descriptor, 1 << 30, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
