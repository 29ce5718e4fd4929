"""Write a file so that nobody ever sees half of it."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Put `data` (bytes) into the file `path`, see `write_pieces`. Raises OSError."""
    write_pieces(path, (data,))


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Put the bytes of `pieces`, one after the other, into the file `path`: all of them, or it holds what it held.

    The bytes go to a new file in the same folder, reach the disk, and then take the name. A symbolic link is
    replaced, not followed: a folder that was handed in must not choose which file is written. Something that
    is no regular file (/dev/stdout, a named pipe) has no name to take over and is written to directly.

    Raises OSError (no such folder, no permission, no space ...) and what making a piece raises; the new file is
    removed then.
    """
    if _is_special(path):
        with path.open("wb") as special:
            special.writelines(pieces)
        return
    # os.open and not tempfile: the file gets the permissions that any other file of this user gets.
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(part, flags, 0o666)
    except OSError as error:
        error.filename = os.fspath(path)  # the name that somebody chose, and not ours
        raise
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(descriptor)
        part.replace(path)
    except BaseException as error:  # Ctrl-C included: the half-written file must go in any case
        with suppress(OSError):
            part.unlink()
        if isinstance(error, OSError) and error.filename == os.fspath(part):
            error.filename, error.filename2 = os.fspath(path), None
        raise


def _is_special(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
