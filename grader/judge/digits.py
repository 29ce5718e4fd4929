"""Numbers as a text writes them, and whether a value could be one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# Fewer digits ("off by 0.123", "at [0, 2]", "1e-05 would be allowed") are the same as some value's by chance.
ENOUGH_DIGITS = 4
# So many in a row ("[1., 2., 3.]") are a tensor whatever their digits; sizes and indices have no point.
ENOUGH_NUMBERS = 3

_NUMBER = re.compile(r"(?<![\w.])-?(\d+\.\d*|\.\d+|\d+)(?:[eE]([-+]?\d{1,3}))?(?![\w])")
_BETWEEN = re.compile(r"[\s,()\[\]]*[,\s][\s,()\[\]]*")


class Written(NamedTuple):
    """A number of a text. Its sign is dropped: "too small by 0.25" is -0.25 in other words."""

    text: str
    value: float
    half: float  # half a unit of its last digit: what rounding may have changed
    digits: int
    point: bool
    start: int
    end: int


def written(text: str) -> Iterator[Written]:
    """The numbers of a text, in order."""
    for found in _NUMBER.finditer(text):
        mantissa, exponent = found[1], int(found[2] or 0)
        whole, _, fraction = mantissa.partition(".")
        value = float(mantissa) * 10.0**exponent
        yield Written(
            text=found[0],
            value=value,
            half=0.5 * 10.0 ** (exponent - len(fraction)),
            digits=len((whole + fraction).lstrip("0")),
            point="." in mantissa,
            start=found.start(),
            end=found.end(),
        )


def telling(text: str) -> tuple[list[Written], list[list[Written]]]:
    """The numbers of a text that can only come from a value: long ones, and rows of some that have points."""
    numbers = list(written(text))
    rows: list[list[Written]] = []
    for one in numbers:
        if rows and _BETWEEN.fullmatch(text, rows[-1][-1].end, one.start):
            rows[-1].append(one)
        else:
            rows.append([one])
    rows = [row for row in rows if len(row) >= ENOUGH_NUMBERS and any(one.point for one in row)]
    return [one for one in numbers if one.digits >= ENOUGH_DIGITS], rows
