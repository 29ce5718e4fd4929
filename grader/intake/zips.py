"""Read a zip that anyone may have made: nothing is unpacked to its own names, and everything is bounded.

`zipfile` reads the format; what it trusts is checked here: how long the list of files is (before it is parsed), that no
two files share their bytes (the overlap of a zip bomb), names, links, encryption, and the unpacked size as it is read.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from grader.intake.caps import Caps, RefusedError, size_text
from grader.intake.names import split
from grader.intake.tree import Entry, ListedTree

_UTF8 = 0x800
_ENCRYPTED = 0x1
_LOCAL_HEADER_BYTES = 30
# Stored and deflated. The others ask for a lot of memory (LZMA) or are hardly met.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile is known to raise for bytes that are no zip. RuntimeError is its "encrypted" and "not implemented".
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    OverflowError,
    LookupError,
    AssertionError,
)


class ZipTree(ListedTree):
    """The files of a zip, given as its bytes or as a file. Raises RefusedError when it can't be read as a whole."""

    def __init__(self, source: bytes | Path, caps: Caps) -> None:
        self._file = _Guarded(source)
        try:
            with self._file.at_most(caps.listing_bytes):
                self._zip = zipfile.ZipFile(self._file)
        except RefusedError:
            self._file.close()
            raise RefusedError(f"is not read: it lists more than {caps.entries:,} files") from None
        except _BROKEN as error:
            self._file.close()
            raise RefusedError(f"is damaged or no zip ({_why(error)}); ask for it again") from None
        infos = self._zip.infolist()
        try:
            _check(infos, caps)
        except RefusedError:
            self._file.close()
            raise
        self._infos = infos
        super().__init__([_entry(info, at) for at, info in enumerate(infos) if split(_name(info))[0]])

    def read(self, entry: Entry, most: int) -> bytes:
        info = self._infos[entry.at]
        if info.flag_bits & _ENCRYPTED:
            raise RefusedError("is encrypted; ask for it without a password")
        if info.compress_type not in _METHODS:
            raise RefusedError("is packed by a method that is not read; ask for an ordinary zip")
        try:
            with self._zip.open(info) as file:
                return file.read(most)
        except _BROKEN as error:
            raise RefusedError(f"is damaged ({_why(error)}); ask for it again") from None

    def close(self) -> None:
        self._file.close()


def _check(infos: Sequence[zipfile.ZipInfo], caps: Caps) -> None:
    if len(infos) > caps.entries:
        raise RefusedError(f"is not read: it holds {len(infos):,} files and the most is {caps.entries:,}")
    claimed = sum(info.file_size for info in infos)
    if claimed > caps.claimed_bytes:
        raise RefusedError(
            f"is not read: it unpacks to {size_text(claimed)} and the most is {size_text(caps.claimed_bytes)}"
        )
    end = -1
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise RefusedError("is not read: files in it share their bytes, as in a zip bomb")
        end = info.header_offset + _LOCAL_HEADER_BYTES + info.compress_size


def _entry(info: zipfile.ZipInfo, at: int) -> Entry:
    parts, fault = split(_name(info))
    if "\0" in info.orig_filename:
        fault = "has a control character in its name"
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode) if info.create_system == 3 else 0  # 3: made on Unix, so the high half is a file mode
    if kind and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
        fault = fault or "is a device"
    return Entry(
        parts,
        size=info.file_size,
        is_link=stat.S_ISLNK(mode) and kind != 0,
        is_folder=info.filename.endswith("/"),
        fault=fault,
        at=at,
    )


def _name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: many programs write UTF-8 without saying so, and zipfile then takes it for cp437."""
    if info.flag_bits & _UTF8 or info.filename.isascii():
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _why(error: BaseException) -> str:
    return str(error)[:80].rstrip(".") if isinstance(error, zipfile.BadZipFile) else type(error).__name__


class _Limit:
    def __init__(self, file: _Guarded, most: int) -> None:
        self._file, self._most = file, most

    def __enter__(self) -> None:
        self._file.most = self._most

    def __exit__(self, *_: object) -> None:
        self._file.most = None


class _Guarded:
    """A file that opens itself when it is read, and that refuses a single read of more than `most` bytes."""

    def __init__(self, source: bytes | Path) -> None:
        self._source = source
        self._open: BinaryIO | None = None
        self.most: int | None = None

    def at_most(self, most: int) -> _Limit:
        return _Limit(self, most)

    def _file(self) -> BinaryIO:
        if self._open is None:
            self._open = io.BytesIO(self._source) if isinstance(self._source, bytes) else self._source.open("rb")
        return self._open

    def read(self, size: int = -1) -> bytes:
        if self.most is not None and size > self.most:
            raise RefusedError("its list of files is too long")
        return self._file().read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file().seek(offset, whence)

    def tell(self) -> int:
        return self._file().tell()

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
