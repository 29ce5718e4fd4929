"""Write a zip piece by piece, so that its size is no matter, and the same one for the same contents."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows; a date would make each export another file


class _Sink(io.RawIOBase):
    """Takes what a zip writes and gives it out again; can't seek, which zipfile copes with."""

    def __init__(self) -> None:
        super().__init__()
        self._taken: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._taken.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken, self._taken = b"".join(self._taken), []
        return taken


def pieces(entries: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """The zip of the entries (path and content). Of two with one path the second gets a number."""
    sink = _Sink()
    used: set[str] = set()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in entries:
            info = zipfile.ZipInfo(_free(path, used), _EPOCH)
            info.external_attr = 0o644 << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
            yield sink.take()
    yield sink.take()


def _free(path: str, used: set[str]) -> str:
    """`path`, or with a number before its ending; paths that differ in case only are the same to some systems."""
    stem, dot, ending = path.rpartition(".")
    if not dot or "/" in ending:
        stem, dot, ending = path, "", ""
    candidate, number = path, 1
    while candidate.casefold() in used:
        number += 1
        candidate = f"{stem}-{number}{dot}{ending}"
    used.add(candidate.casefold())
    return candidate
