"""Word what a database or a file system says as one line that says what to do."""

from __future__ import annotations

import errno
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from grader.gradebook.nouns import GradebookError
from grader.text import clean_line

DAMAGED = "is damaged; go back to a copy (gradebook.<version>.<time>.sqlite beside it is one, or your own backup)"
_FULL = "can't be written: no space is left on its disk; make room and run the command again"
_BUSY = "is locked by another program; close what has it open and try again"
_READ_ONLY = "can't be written: the file or its folder is read-only; copy it to where you may write"
_BY_CODE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: "is not a gradebook, or it is damaged; name the folder that `grade batch` wrote",
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CANTOPEN: "can't be opened; check that its folder is there and that you may read and write in it",
    sqlite3.SQLITE_PERM: "can't be opened: you have no permission",
}
_BY_ERRNO = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _FULL),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _READ_ONLY),
}


@contextmanager
def plain_errors(shown: str) -> Iterator[None]:
    """Whatever the database at `shown` (a path, or a URL without its password) reports becomes a GradebookError."""
    try:
        yield
    except DBAPIError as error:
        raise GradebookError(f"{shown} {_reason(error.orig)}") from error
    except sqlite3.Error as error:
        raise GradebookError(f"{shown} {_reason(error)}") from error
    except SQLAlchemyError as error:
        raise GradebookError(f"{shown}: {_line(error)}") from error
    except OSError as error:
        reason = _BY_ERRNO.get(error.errno or 0, f"can't be used: {error.strerror or error}")
        raise GradebookError(f"{shown} {reason}") from error
    except (zlib.error, msgspec.MsgspecError) as error:
        raise GradebookError(f"{shown} {DAMAGED}") from error


def _reason(error: BaseException | None) -> str:
    if isinstance(error, sqlite3.Error):
        # The extended codes of a kind share their last byte.
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _BY_CODE:
            return _BY_CODE[code & 0xFF]
        if code is not None and code & 0xFF == sqlite3.SQLITE_IOERR:
            return f"can't be read or written ({_line(error)}); check the disk, and that space is left on it"
        return f"can't be used: {_line(error)}"
    state = getattr(error, "sqlstate", None)
    match state:
        case "53100":
            return _FULL
        case "25006" | "42501":
            return f"can't be written: {_line(error)}; ask for a role that may"
        case "XX001" | "XX002":
            return "is damaged; go back to a backup"
        case None:
            return f"can't be reached: {_line(error)}"
        case _:
            return f"can't be used: {_line(error)} ({state})"


def _line(error: BaseException | None) -> str:
    return clean_line(str(error).strip().partition("\n")[0], 300)
