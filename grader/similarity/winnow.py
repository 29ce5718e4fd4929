"""Fingerprints of a sequence of operations, by winnowing.

Winnowing: S. Schleimer, D. Wilkerson, A. Aiken, "Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD 2003.
Every run of `GRAM` operations (a k-gram) is hashed, and of every `WINDOW` hashes in a row the smallest is kept, the
last of equal ones. So whatever two sources share in a run of at least GRAM + WINDOW - 1 operations is found, and
nothing shorter than GRAM ever counts. The hashes are the same in every run and on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from grader.similarity.operations import Operation, Unit

GRAM = 5
WINDOW = 3
_PRIME = (1 << 61) - 1
_BASE = 0x1B873593CC9E2D51 % _PRIME
_EDGE = "|"


class Fingerprint(NamedTuple):
    """The hash (63 bits) of one k-gram and the lines that it is on, first and last."""

    hash: int
    first: int
    last: int


@lru_cache(maxsize=65_536)
def number(text: str) -> int:
    """A 63-bit number that stands for `text`."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1


def wholes(units: Sequence[Unit]) -> Iterator[Fingerprint]:
    """One fingerprint for each unit as a whole, and one for all together; none for what is shorter than a k-gram."""
    values = []
    for unit in units:
        if len(unit) >= GRAM:
            values.append(number("\0".join(operation.text for operation in unit)))
            lines = [operation.line for operation in unit]
            yield Fingerprint(values[-1], min(lines), max(lines))
    if len(values) > 1:
        yield Fingerprint(number(repr(sorted(values))), 0, 0)


def grams(units: Sequence[Unit]) -> Iterator[list[Fingerprint]]:
    """All k-grams of each unit. One that is shorter than a k-gram is a single one."""
    for unit in filter(None, units):
        operations = [Operation(_EDGE, unit[0].line), *unit, Operation(_EDGE, unit[-1].line)]
        numbers = [number(operation.text) for operation in operations]
        lines = [operation.line for operation in operations]
        size = min(GRAM, len(numbers))
        found = []
        for at in range(len(numbers) - size + 1):
            value = size
            for one in numbers[at : at + size]:
                value = (value * _BASE + one) % _PRIME
            span = lines[at : at + size]
            found.append(Fingerprint(value, min(span), max(span)))
        yield found


def winnow(units: Sequence[Unit]) -> list[Fingerprint]:
    """The fingerprints of `units`: of each unit the smallest of every `WINDOW` neighbours."""
    kept: list[Fingerprint] = []
    for found in grams(units):
        last = -1
        for start in range(max(1, len(found) - WINDOW + 1)):
            window = found[start : start + WINDOW]
            smallest = min(one.hash for one in window)
            at = start + max(n for n, one in enumerate(window) if one.hash == smallest)
            if at != last:
                kept.append(found[at])
                last = at
    return kept
