"""The Python text of what was handed in, whatever it was handed in as."""

from __future__ import annotations

import json

SOURCE_MAX_CHARS = 256 * 1024


def source_of(raw: bytes, file: str, slug: str) -> str | None:
    """The source that `raw`, the bytes of `file`, holds for the exercise `slug`; None if it holds none.

    Of a notebook these are its code cells, one after the other, without magics and shell lines. At most
    `SOURCE_MAX_CHARS` characters. Never raises.
    """
    if file.lower().endswith(".ipynb"):
        return _cells(raw)
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
    return None if "\0" in text else text.replace("\r\n", "\n").replace("\r", "\n")[:SOURCE_MAX_CHARS]


def _cells(raw: bytes) -> str | None:
    try:
        notebook = json.loads(raw)
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        found: list[str] = []
        for cell in cells:
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                text = cell.get("source", cell.get("input", ""))
                found.append("".join(text) if isinstance(text, list) else str(text))
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None
    text = "\n".join(found)
    lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in text.split("\n")]
    return None if "\0" in text else "\n".join(lines)[:SOURCE_MAX_CHARS]
