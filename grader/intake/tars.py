"""Read a tar, packed by gzip or not, that anyone may have made: once from front to end, and bounded.

`tarfile` reads the format from a file of ours that gives out small pieces only, never goes back, and ends the matter
when too much came out of it: every loop of a parser over hostile headers has to read. The files that may matter are
kept by their number, in memory or in a folder; nothing is written under a name from the tar.
"""

from __future__ import annotations

import struct
import tarfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from grader.intake.caps import ARCHIVE_MAX_BYTES, METADATA_MAX_BYTES, SIZES, STAMP_MAX_BYTES, Caps, RefusedError
from grader.intake.names import ARCHIVES, split, suffix
from grader.intake.tree import Entry, ListedTree

# Longer headers are no tar's of anyone's: names and attributes have a few hundred bytes. And the patterns of tarfile
# take time that grows with the square of a header.
_HEADER_MAX_BYTES = 16 * 1024
_PIECE_BYTES = 1 << 16
_PACKED_BYTES = 1 << 14
_MEMBERS_MAX = 1_000
_METADATA = {"submission_metadata.yml": METADATA_MAX_BYTES, "timestamp.txt": STAMP_MAX_BYTES}
_BROKEN = (
    tarfile.TarError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,  # its depth too: headers that announce headers
    ValueError,
    OverflowError,
    LookupError,
    AssertionError,
    TypeError,
)


class TarTree(ListedTree):
    """The files of a tar. Raises RefusedError when it can't be read as a whole.

    What may matter is kept in memory, or with `keep` in that folder (which must exist).
    """

    def __init__(self, file: BinaryIO, caps: Caps, keep: Path | None = None) -> None:
        self._kept: dict[int, bytes | Path] = {}
        self._keep = keep
        self._kept_bytes = 0
        self._caps = caps
        try:
            entries = list(self._entries_of(file))
        except RefusedError:
            raise
        except _BROKEN as error:
            why = str(error)[:80] if isinstance(error, tarfile.TarError) else type(error).__name__
            raise RefusedError(f"is damaged or no tar ({why}); ask for it again") from None
        super().__init__(entries)

    def _entries_of(self, file: BinaryIO) -> Iterator[Entry]:
        ends = time.monotonic() + self._caps.time_s
        start = file.read(2)
        file.seek(0)
        stream = _Forward(_Gunzip(file) if start == b"\x1f\x8b" else file, self._caps)
        with tarfile.TarFile(fileobj=stream, mode="r", ignore_zeros=False, errorlevel=0) as tar:  # type: ignore[arg-type]
            at = 0
            while (member := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # it keeps every header otherwise
                if at >= self._caps.entries:
                    raise RefusedError(f"is not read: it holds more than {self._caps.entries:,} files")
                if time.monotonic() > ends:
                    raise RefusedError(f"is not read: that took more than {self._caps.time_s:.0f} seconds")
                entry = _entry(member, at)
                if entry.parts:
                    if not (entry.is_folder or entry.is_link or entry.fault):
                        self._take(stream, member, entry)
                    yield entry
                at += 1
        if stream.last.strip(b"\0"):  # tarfile takes a header that makes no sense for the end
            raise RefusedError("is damaged: it breaks off; ask for it again")

    def _take(self, stream: _Forward, member: tarfile.TarInfo, entry: Entry) -> None:
        name = entry.parts[-1]
        kind = suffix(name)
        most = SIZES.get(kind, ARCHIVE_MAX_BYTES if kind in ARCHIVES else _METADATA.get(name, 0))
        # Of a file that is too large there is nothing to keep but its size.
        if not most or member.size > most:
            return
        self._kept_bytes += member.size
        if self._kept_bytes > self._caps.kept_bytes:
            raise RefusedError("is not read: too much is in it")
        stream.seek(member.offset_data)
        data = stream.all_of(member.size)
        if self._keep is None:
            self._kept[entry.at] = data
        else:
            path = self._keep / f"{entry.at}.part"
            path.write_bytes(data)
            self._kept[entry.at] = path

    def read(self, entry: Entry, most: int) -> bytes:
        kept = self._kept.get(entry.at)
        if kept is None:
            raise RefusedError("is too large to be read")
        if isinstance(kept, bytes):
            return kept[:most]
        with kept.open("rb") as file:
            return file.read(most)

    def close(self) -> None:
        pass


def _entry(member: tarfile.TarInfo, at: int) -> Entry:
    name = member.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    parts, fault = split(name)
    is_link = member.issym() or member.islnk()
    if member.issparse():
        fault = fault or "is a sparse file"
    elif not (is_link or member.isreg() or member.isdir()):
        fault = fault or "is a device"
    return Entry(parts, size=member.size, is_link=is_link, is_folder=member.isdir(), fault=fault, at=at)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Gunzip:
    """The unpacked bytes of a gzip file.

    Unlike the library's reader it does not go on through a million empty members.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._unpack = zlib.decompressobj(wbits=31)
        self._members = 1

    def read(self, size: int, /) -> bytes:
        pieces = []
        while size > 0:
            if self._unpack.eof:
                packed = self._unpack.unused_data or self._file.read(_PACKED_BYTES)
                if not packed.strip(b"\0"):
                    break
                self._members += 1
                if self._members > _MEMBERS_MAX:
                    raise RefusedError("is not read: it is packed in too many pieces")
                self._unpack = zlib.decompressobj(wbits=31)
            elif not (packed := self._unpack.unconsumed_tail or self._file.read(_PACKED_BYTES)):
                raise EOFError
            data = self._unpack.decompress(packed, size)
            pieces.append(data)
            size -= len(data)
        return b"".join(pieces)


class _Forward:
    """A file for tarfile that only goes forward. Raises RefusedError for a long piece and for too much in all."""

    def __init__(self, file: _Readable, caps: Caps) -> None:
        self._file = file
        self.last = b""
        self._at = 0
        self._most = caps.stream_bytes
        self._ends = time.monotonic() + caps.time_s
        self._turns = 0

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > _HEADER_MAX_BYTES:
            raise RefusedError("is not read: a header in it is longer than any that a program writes")
        return self._read(size)

    def all_of(self, size: int) -> bytes:
        pieces = []
        while size > 0:
            piece = self._read(min(size, _PIECE_BYTES))
            if not piece:
                raise EOFError
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _read(self, size: int) -> bytes:
        data = self.last = self._file.read(size)
        self._at += len(data)
        self._turns += 1
        if self._at > self._most:
            raise RefusedError("is not read: it unpacks to too much")
        if self._turns % 64 == 0 and time.monotonic() > self._ends:
            raise RefusedError("is not read: that took too long")
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence or offset < self._at:
            raise RefusedError("is damaged: its headers point back")
        while self._at < offset:
            if not self._read(min(offset - self._at, _PIECE_BYTES)):
                break
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        pass
