"""The Python text of what was handed in, as it is compared.

A gradebook keeps the text that was graded, so that of a notebook it is already the file that the notebook stands for.
"""

from __future__ import annotations

SOURCE_MAX_CHARS = 256 * 1024


def source_of(raw: bytes | None, file: str, slug: str) -> str | None:
    """The source in `raw`, what the gradebook has of `file` for `slug`; None if it has none. Never raises."""
    if raw is None or b"\0" in raw:
        return None
    text = raw[: 4 * SOURCE_MAX_CHARS].decode("utf-8", "replace").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")[:SOURCE_MAX_CHARS]
