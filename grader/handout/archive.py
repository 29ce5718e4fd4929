"""Zip archives whose bytes depend on nothing but what is in them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping

# The earliest that the format can say.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def pack(files: Mapping[str, bytes], executable: Collection[str] = ()) -> bytes:
    """A zip of `files`, by path with slashes, in order of paths, those in `executable` with that permission.

    Nothing is compressed: another version of zlib would give other bytes.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = (0o100755 if path in executable else 0o100644) << 16
            archive.writestr(entry, files[path])
    return buffer.getvalue()
