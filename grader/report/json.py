"""The result file: a report as JSON, described by `result.schema.json` beside this module."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import msgspec

from grader.files import write_atomically
from grader.model import Report

# A row of a figure on one line, instead of one line per number. Line breaks inside a string are escaped in
# JSON, so a bracket with a line break behind it is never part of one.
_NUMBERS = re.compile(rb"\[\n\s*(-?\d[\d.eE+-]*(?:,\n\s*-?\d[\d.eE+-]*)*)\n\s*\]")

_SURROGATE = re.compile("[\ud800-\udfff]")


def encode(report: Report) -> bytes:
    """Return `report` as UTF-8 JSON: indented, fields in the order of the model, a newline at the end.

    Lone surrogates, which UTF-8 has no bytes for, become U+FFFD; any other text stays as it is.

    Raises ValueError for a number that JSON cannot hold (nan, inf), and says which field holds it.
    """
    plain = _plain(msgspec.to_builtins(report), "report")
    indented = msgspec.json.format(msgspec.json.encode(plain), indent=2)
    return _NUMBERS.sub(lambda row: b"[" + re.sub(rb",\n\s*", b", ", row[1]) + b"]", indented) + b"\n"


def write(report: Report, path: Path) -> None:
    """Write `report` to the file `path`, whole or not at all. Raises OSError, and ValueError as `encode`."""
    write_atomically(path, encode(report))


def _plain(value: Any, where: str) -> Any:
    """A copy of `value` that is valid JSON; `where` is its place in the report, for the error."""
    match value:
        case dict():
            return {key: _plain(item, f"{where}.{key}") for key, item in value.items()}
        case list() | tuple():
            return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
        case float() if not math.isfinite(value):
            raise ValueError(f"{where} is {value}, which a result file cannot hold; it must be a finite number")
        case str() if not value.isascii():
            return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
        case _:
            return value
