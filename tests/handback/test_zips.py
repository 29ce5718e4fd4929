"""Zips that are written piece by piece."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator

from grader.handback.zips import pieces


def test_what_is_read_back_is_what_went_in() -> None:
    entries = [("a/ü.txt", b"one"), ("b.txt", b""), ("c.bin", bytes(range(256)) * 99)]
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces(entries)))) as archive:
        assert archive.testzip() is None
        assert [(name, archive.read(name)) for name in archive.namelist()] == entries


def test_no_entries_are_a_zip() -> None:
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces([])))) as archive:
        assert archive.namelist() == []


def test_names_that_a_file_system_may_take_for_one_are_told_apart() -> None:
    entries = [("a/x.py", b"1"), ("A/X.py", b"2"), ("a/x.py", b"3"), ("a.b/c", b"4"), ("a.b/C", b"5")]
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces(entries)))) as archive:
        assert archive.namelist() == ["a/x.py", "A/X-2.py", "a/x-3.py", "a.b/c", "a.b/C-2"]


def test_an_entry_is_given_out_before_the_next_one_is_made() -> None:
    made = 0

    def entries() -> Iterator[tuple[str, bytes]]:
        nonlocal made
        while made < 50:
            made += 1
            yield f"{made}", os.urandom(10_000)

    stream = pieces(entries())
    sizes = [len(next(stream)) for _ in range(3)]

    assert made == 3
    assert max(sizes) < 12_000
