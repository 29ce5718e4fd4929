"""Find the pairs of works that share something rare, through an inverted index.

For each number (a fingerprint, a trait) there is the list of the works that have it. One that more than a part of
the class has is dropped: an idiom, or the obvious solution. Each of the others is worth log2(works / works that have
it) bits, so that what two of 300 share counts seven bits and what thirty share three. No two sources are ever compared
that share nothing; the pairs of one list are made as arrays, a block of lists at a time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

HOLDERS_FLOOR = 4
HOLDERS_MAX = 400
_BLOCK = 1_000_000
_PAIRS_MAX = 1_000_000

Keys = npt.NDArray[np.int64]
Bits = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of works that share something: `keys` are first * works + second, sorted; `bits` how much."""

    works: int
    keys: Keys
    bits: Bits

    def of(self, first: int, second: int) -> float:
        """The bits of one pair, in either order."""
        key = min(first, second) * self.works + max(first, second)
        at = int(np.searchsorted(self.keys, key))
        return float(self.bits[at]) if at < len(self.keys) and self.keys[at] == key else 0.0

    def nearest(self) -> Bits:
        """For each work the most that it shares with any other."""
        best = np.zeros(self.works)
        if len(self.keys):
            np.maximum.at(best, self.keys // self.works, self.bits)
            np.maximum.at(best, self.keys % self.works, self.bits)
        return best


def holders_limit(works: int, share: float) -> int:
    """How many works may have what still counts: the part `share` of them; in a small class a few more."""
    return max(2, min(works // 2, HOLDERS_MAX, max(HOLDERS_FLOOR, int(works * share))))


def holders(having: Sequence[frozenset[int]]) -> Counter[int]:
    """How many of the works have each number."""
    return Counter(one for some in having for one in some)


def bits_of(works: int, count: int) -> float:
    """What it says that two works share something that `count` of `works` have."""
    return float(np.log2(works / count)) if 1 < count < works else 0.0


def pairs(having: Sequence[frozenset[int]], counts: Counter[int], limit: int, *, largest: bool = False) -> Pairs:
    """The pairs that share any number which at most `limit` works have, with the sum of its bits.

    With `largest` only the rarest one counts: for evidence that hangs together. Should there be more than a million
    pairs, those that share least are dropped.
    """
    works = len(having)
    lists: dict[int, list[int]] = defaultdict(list)
    for work, some in enumerate(having):
        for one in some:
            if counts[one] <= limit:
                lists[one].append(work)
    combine = np.maximum if largest else np.add
    keys: Keys = np.empty(0, np.int64)
    bits: Bits = np.empty(0, np.float64)
    for new_keys, new_bits in _blocks(lists, counts, works):
        keys, bits = _merge(np.concatenate((keys, new_keys)), np.concatenate((bits, new_bits)), combine)
    return Pairs(works, keys, bits)


def together(parts: Sequence[Pairs]) -> Pairs:
    """The sum of several kinds of evidence."""
    keys, bits = _merge(
        np.concatenate([part.keys for part in parts]), np.concatenate([part.bits for part in parts]), np.add
    )
    return Pairs(parts[0].works, keys, bits)


def _blocks(lists: dict[int, list[int]], counts: Counter[int], works: int) -> Iterator[tuple[Keys, Bits]]:
    """All pairs of all lists, at most about `_BLOCK` at a time. Lists of one length are done together."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for one, some in lists.items():
        if len(some) > 1:
            by_length[len(some)].append(one)
    keys: list[Keys] = []
    bits: list[Bits] = []
    size = 0
    for length, numbers in sorted(by_length.items()):
        first, second = np.triu_indices(length, 1)
        step = max(1, _BLOCK // len(first))
        for start in range(0, len(numbers), step):
            part = numbers[start : start + step]
            table = np.array([lists[one] for one in part], np.int64)
            found = (table[:, first] * works + table[:, second]).ravel()
            keys.append(found)
            bits.append(np.repeat([bits_of(works, counts[one]) for one in part], len(first)))
            size += len(found)
            if size >= _BLOCK:
                yield np.concatenate(keys), np.concatenate(bits)
                keys, bits, size = [], [], 0
    if keys:
        yield np.concatenate(keys), np.concatenate(bits)


def _merge(keys: Keys, bits: Bits, combine: np.ufunc) -> tuple[Keys, Bits]:
    """One entry for each key; at most `_PAIRS_MAX` of them, those of the most bits."""
    if not len(keys):
        return keys, bits
    order = np.argsort(keys, kind="stable")
    keys, bits = keys[order], bits[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    keys, bits = keys[starts], combine.reduceat(bits, starts)
    if len(keys) > _PAIRS_MAX:
        kept = np.sort(np.argpartition(bits, -_PAIRS_MAX)[-_PAIRS_MAX:])
        keys, bits = keys[kept], bits[kept]
    return keys, bits
