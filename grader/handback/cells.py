"""Cells of tables that a person may open in a spreadsheet: text that is never a formula, and numbers.

A spreadsheet takes a cell that begins with = + - @ for a formula, also behind blanks, a tab or a line break, and in
their full-width forms; DDE (`=cmd|...`) is one of them. One that splits lines at another mark than a comma (German
Excel: semicolons) sees such a beginning in the middle of our cell, quotes or not. So an apostrophe goes before each
of them, which spreadsheets show as text.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence

from grader.text import clean_line

TEXT_CHARS = 2_000

# What a reader may take for the beginning of a cell, what it may skip there, and what makes a formula of the rest.
_FORMULA = re.compile("(^|[,;|\t\r\n])([\\s\"'\ufeff\u200b]*)(?=[=+\\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63])")


def text(value: str, max_chars: int = TEXT_CHARS) -> str:
    """`value` as one line of text that no spreadsheet takes for a formula."""
    return _FORMULA.sub(r"\1\2'", clean_line(value, max_chars))


def number(value: float | None, *, comma: bool = False) -> str:
    """Points with at most two decimals, as learning management systems compare them; empty for None.

    Rounded down, as the reports do: 9.999 is not 10. No thousands: Canvas reads 1,234 as a bit more than one.
    """
    if value is None or not math.isfinite(value):
        return ""
    shown = f"{math.floor(value * 100 + 1e-6) / 100:.2f}".rstrip("0").rstrip(".")
    return shown.replace(".", ",") if comma else shown


def lines(rows: Iterable[Sequence[str]], *, delimiter: str = ",") -> Iterator[bytes]:
    """The rows as CSV in UTF-8, a piece for each, quoted where needed."""
    for row in rows:
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerow(row)
        yield buffer.getvalue().encode("utf-8", "replace")
