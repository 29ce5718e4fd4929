"""How much of one download, and of one student's work in it, is looked at. And the two ways of saying no."""

from __future__ import annotations

import msgspec

from grader.submission import SOURCE_MAX_BYTES

KIB, MIB, GIB = 1024, 1024**2, 1024**3

NOTEBOOK_MAX_BYTES = 32 * MIB
ARCHIVE_MAX_BYTES = 64 * MIB
"""The largest archive that one student may hand in, packed."""
METADATA_MAX_BYTES = 512 * MIB
STAMP_MAX_BYTES = 4 * KIB
PERSON_MAX_BYTES = 128 * MIB
"""Python files and notebooks of one student, unpacked, all attempts together."""
LISTED_MAX = 20
"""Files that belong to no exercise, and those that can't be read, per student, that are listed one by one."""
FOLDER_DEPTH_MAX = 12
PATH_PARTS_MAX = 64
PATH_CHARS_MAX = 2_000


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """What one archive may hold. `stream_bytes` is what a tar unpacks to; `claimed_bytes` what a zip says it does.

    `time_s` is looked at between two files, and no single step takes long.
    """

    entries: int
    listing_bytes: int
    stream_bytes: int
    claimed_bytes: int
    kept_bytes: int
    time_s: float


STUDENT = Caps(
    entries=20_000,
    listing_bytes=4 * MIB,
    stream_bytes=256 * MIB,
    claimed_bytes=2 * GIB,
    kept_bytes=PERSON_MAX_BYTES,
    time_s=5.0,
)
"""An archive that one student handed in."""

DOWNLOAD = Caps(
    entries=1_000_000,
    listing_bytes=128 * MIB,
    stream_bytes=64 * GIB,
    claimed_bytes=1 << 60,  # nothing is unpacked that isn't read, and what is read is bounded per student
    kept_bytes=32 * GIB,
    time_s=3600.0,
)
"""The archive that holds the whole class."""

SIZES = {".py": SOURCE_MAX_BYTES, ".ipynb": NOTEBOOK_MAX_BYTES}
"""The files that are read, and how large they may be."""


class IntakeError(Exception):
    """The download as a whole can't be read. The message is one line: what, where, what to do next."""


class RefusedError(Exception):
    """Work of one student is not read. The message is the rest of a sentence that begins with its place."""


def size_text(size: float) -> str:
    """A number of bytes for a person."""
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}"
        size /= 1024
    return f"{size:,.0f} GiB"
