"""The code cells of a notebook file, whatever else is in it.

Formats 3 to 4.5. The file is a student's: it may be huge, no JSON, no notebook. Outputs and attachments, which are
most of a large one, are checked for being JSON and never built, so that reading takes hardly more memory than the
file itself.
"""

from __future__ import annotations

import codecs
import re
from typing import Any

import msgspec

NOTEBOOK_MAX_BYTES = 32 * 1024 * 1024
CELLS_MAX = 10_000
CODE_MAX_BYTES = 512 * 1024
METADATA_MAX_BYTES = 64 * 1024
TAGS_MAX = 50
TAG_MAX_CHARS = 200
_AGAIN = "open it in Jupyter and save it again"
# Python's json writes these three, though they are no JSON; half of a surrogate pair is no text.
_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_LOOSE = re.compile(_STRING + rb"|-?Infinity|NaN", re.DOTALL)
_HIGH_LOW = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\."
)


class NotebookError(Exception):
    """The notebook can't be used. The text is the rest of a sentence that starts with the file's name."""


class CodeCell(msgspec.Struct, frozen=True):
    """A code cell. `number` counts all the cells of the notebook from 1, as they stand on the screen."""

    number: int
    source: str
    tags: frozenset[str] = frozenset()
    metadata: dict[str, Any] = {}


class _Cell(msgspec.Struct):
    # Required, so that a file of nothing but {} ends at the first of them and not in a million objects.
    cell_type: msgspec.Raw
    source: msgspec.Raw = msgspec.Raw()
    input: msgspec.Raw = msgspec.Raw()
    language: msgspec.Raw = msgspec.Raw()
    metadata: msgspec.Raw = msgspec.Raw()


class _Sheet(msgspec.Struct):
    cells: list[_Cell]


class _Notebook(msgspec.Struct):
    nbformat: msgspec.Raw = msgspec.Raw()
    metadata: msgspec.Raw = msgspec.Raw()
    cells: list[_Cell] | None = None
    worksheets: list[_Sheet] | None = None


def code_cells(raw: bytes) -> list[CodeCell]:
    """The code cells in order. Raises NotebookError for what is wrong with the notebook as a whole."""
    notebook = _decode(raw)
    version = _value(notebook.nbformat)
    if not isinstance(version, int) or isinstance(version, bool):
        version = 4 if notebook.cells is not None else 3
    if not 3 <= version <= 4:
        raise NotebookError(f"is a notebook of format {_number(version)}; {_AGAIN}")
    metadata = _table(notebook.metadata)
    language = _language(metadata)
    if language not in ("", "python", "ipython"):
        raise NotebookError(f"is a notebook for {language!r}, not for Python; choose a Python kernel in Jupyter")
    cells = notebook.cells
    if cells is None and notebook.worksheets is not None:
        cells = [cell for sheet in notebook.worksheets for cell in sheet.cells]
    if cells is None:
        raise NotebookError(f"has no cells, so it is no notebook; {_AGAIN}")
    if len(cells) > CELLS_MAX:
        raise NotebookError(f"has {len(cells):,} cells; the most is {CELLS_MAX:,}, so shorten it")
    numbered = [(number, cell) for number, cell in enumerate(cells, 1) if _value(cell.cell_type) == "code"]
    size = sum(len(cell.source) + len(cell.input) for _, cell in numbered)
    if size > CODE_MAX_BYTES:
        raise NotebookError(
            f"has {size / 1024:,.0f} KiB of code in its cells; the most is {CODE_MAX_BYTES // 1024} KiB, so shorten it"
        )
    if version == 3:
        return _upgraded(numbered)
    return [_code_cell(number, _text(cell.source), _table(cell.metadata)) for number, cell in numbered]


def _decode(raw: bytes) -> _Notebook:
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise NotebookError("is saved as UTF-16; save it as UTF-8")
    if len(raw) > NOTEBOOK_MAX_BYTES:
        raise NotebookError(
            f"has more than {NOTEBOOK_MAX_BYTES // 1024 // 1024} MiB; clear its outputs "
            "(Kernel > Restart Kernel and Clear Outputs) and save it"
        )
    _check_utf_8(raw)
    try:
        try:
            return msgspec.json.decode(raw, type=_Notebook)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            return msgspec.json.decode(_mended(raw), type=_Notebook)
    except msgspec.ValidationError:
        raise NotebookError(f"is JSON, but no notebook; {_AGAIN}") from None
    except msgspec.DecodeError as error:
        place = re.search(r"byte (\d+)", str(error))
        where = f" from byte {place[1]} on" if place and place[1] != "0" else ""
        raise NotebookError(f"is not JSON{where}, so it is no notebook; {_AGAIN}") from None
    except RecursionError:
        raise NotebookError(f"is nested too deeply for a notebook; {_AGAIN}") from None


def _check_utf_8(raw: bytes) -> None:
    decoder, view = codecs.getincrementaldecoder("utf-8")(), memoryview(raw)
    try:
        for start in range(0, len(raw), CODE_MAX_BYTES):  # in parts: a text would take up to four times as much
            decoder.decode(view[start : start + CODE_MAX_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise NotebookError("is not UTF-8; save it as UTF-8") from None


def _mended(raw: bytes) -> bytes:
    """The same with null for NaN and the infinities, and with the replacement character for half a surrogate pair."""
    loose = any(word in raw for word in (b"NaN", b"Infinity"))
    halves = b"\\ud" in raw or b"\\uD" in raw
    if not loose and not halves:
        return raw

    def mend(found: re.Match[bytes]) -> bytes:
        text = found[0]
        if not text.startswith(b'"'):
            return b"null"
        return _HIGH_LOW.sub(_whole, text) if halves else text

    return _LOOSE.sub(mend, raw)


def _whole(found: re.Match[bytes]) -> bytes:
    text = found[0]
    return b"\\ufffd" if len(text) == 6 else text


def _upgraded(cells: list[tuple[int, _Cell]]) -> list[CodeCell]:
    """Cells of format 3, brought to format 4 by the library that defines both."""
    import nbformat

    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {
                "metadata": {},
                "cells": [
                    {
                        "cell_type": "code",
                        "collapsed": False,
                        "input": _text(cell.input) or _text(cell.source),
                        "language": "python",
                        "metadata": _table(cell.metadata),
                        "outputs": [],
                    }
                    for _, cell in cells
                    if _value(cell.language) in (None, "python")
                ],
            }
        ],
    }
    numbers = [number for number, cell in cells if _value(cell.language) in (None, "python")]
    try:
        made = nbformat.convert(nbformat.from_dict(old), 4)  # type: ignore[no-untyped-call]
        return [
            _code_cell(number, str(cell["source"]), dict(cell["metadata"]))
            for number, cell in zip(numbers, made["cells"], strict=True)
        ]
    except Exception:  # noqa: BLE001  whatever a student's metadata makes the library do
        raise NotebookError(f"is a damaged notebook of format 3; {_AGAIN}") from None


def _code_cell(number: int, source: str, metadata: dict[str, Any]) -> CodeCell:
    tags = metadata.get("tags")
    texts = tags[:TAGS_MAX] if isinstance(tags, list) else []
    kept = frozenset(tag[:TAG_MAX_CHARS] for tag in texts if isinstance(tag, str))
    return CodeCell(number, source, kept, metadata)


def _value(raw: msgspec.Raw) -> Any:
    """A small value, or None if it is missing, large or odd."""
    if not 0 < len(raw) <= METADATA_MAX_BYTES:
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _table(raw: msgspec.Raw) -> dict[str, Any]:
    value = _value(raw)
    return value if isinstance(value, dict) else {}


def _text(raw: msgspec.Raw) -> str:
    """A source: one text or a list of lines, with line breaks as Python counts them; empty if it is neither."""
    try:
        value = msgspec.json.decode(raw, type=str | list[str]) if len(raw) else ""
    except (msgspec.MsgspecError, RecursionError):
        return ""
    text = value if isinstance(value, str) else "".join(value)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _language(metadata: dict[str, Any]) -> str:
    """What the notebook says that it is written in, in small letters; empty when it says nothing."""
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        table = metadata.get(key)
        if isinstance(table, dict) and isinstance(table.get(name), str) and table[name]:
            return re.sub(r"[^\w+#.-]", "", table[name].lower())[:20].rstrip("0123456789.") or "python"
    return ""


def _number(value: int) -> str:
    return str(value) if -1000 < value < 1000 else "unknown number"
