"""Judge each pair against the rest of its class, exercise by exercise and over all of them.

How alike two honest submissions are depends on the exercise: of three lines there are not many ways to write them. So
nothing is judged by a fixed percentage; the measure is the class itself.

In one exercise, a pair's *surprise* is -log2 of the part of all possible pairs that share as many bits or more (an
empirical p-value, in bits). That can't exceed log2 of the number of pairs, however much a pair shares; so whoever lies
far beyond what is typical gets up to `BONUS_MAX` bits more, one for each robust standard deviation beyond `OUTLIER_Z`.
Typical is what works share with the work nearest to them: median, and 1.4826 times the median absolute deviation.

Over the exercises, surprises are added, which is R. A. Fisher's way to combine p-values: to be among the nearest pairs
once happens to somebody in every class, to be so in five exercises does not. It takes the exercises for independent,
which they aren't quite (a habit shows in all of them), so the sum is not read as a probability; it is compared with
the class once more: its distance from the median of all students' nearest neighbours in robust standard deviations.
From 3.5 on, the limit of B. Iglewicz and D. Hoaglin, "How to Detect and Handle Outliers", ASQC 1993, a pair is said to
stand out. Since nearest neighbours are compared, the number of possible pairs is allowed for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from grader.classroom import Column, Student
from grader.similarity import compare
from grader.similarity.analyse import Analysis, Given, analyse, failures
from grader.similarity.compare import Bits, Keys, Pairs
from grader.similarity.gather import Book, Class, Work, gather
from grader.similarity.sources import source_of

OUTLIER_Z = 3.5
STUDENTS_MIN = 10
"""In a smaller class there is no distribution to stand out from."""
BONUS_MAX = 10.0
"""In bits: a common source of 200 lines must not outweigh everything else."""
UNIQUE_PRINTS = 3
_FAINT = 2.0
_PAGE = 100
_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class Options:
    """`share`: the part of a class that has what is no evidence any more. `top`: how many pairs are wanted."""

    share: float = 0.10
    top: int = 50


@dataclass(frozen=True, slots=True)
class Typical:
    """The middle and the spread (robust standard deviation) of what a work shares with its nearest neighbour."""

    median: float
    spread: float

    def z(self, value: float) -> float:
        """How many spreads `value` lies above the middle."""
        return (value - self.median) / self.spread


@dataclass(frozen=True, slots=True)
class Standing:
    """One exercise: its works, what is common, and the pairs that share something, by kind of evidence and in all."""

    column: Column
    works: tuple[Work, ...]
    limit: int
    counts: Counter[int]
    code: Pairs
    traits: Pairs
    failures: Pairs
    total: Pairs
    typical: Typical
    unread: int
    ordered: Bits = field(repr=False)

    def place(self, bits: float) -> int:
        """How many pairs of this exercise share at least that much."""
        return len(self.ordered) - int(np.searchsorted(self.ordered, bits - 1e-9))

    def surprise(self, bits: Bits) -> Bits:
        """The evidence of pairs that share so many bits: by their place in the class, and how far out they lie."""
        places = len(self.ordered) - np.searchsorted(self.ordered, bits - 1e-9)
        beyond = (bits - self.typical.median) / self.typical.spread - OUTLIER_Z
        surprise: Bits = np.log2(self.possible / np.maximum(places, 1)) + np.clip(beyond, 0.0, BONUS_MAX)
        return np.where(bits > 0, surprise, 0.0)

    @property
    def possible(self) -> int:
        """How many pairs there could be."""
        return len(self.works) * (len(self.works) - 1) // 2


@dataclass(frozen=True, slots=True)
class Part:
    """A pair in one exercise: bits of evidence by kind, and where that lies in the class."""

    slug: str
    left: Work
    right: Work
    code_bits: float
    trait_bits: float
    failure_bits: float
    bits: float
    surprise: float
    z: float
    place: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Two students (or groups) with what they share, strongest exercise first. `z` is None in too small a class."""

    left: tuple[Student, ...]
    right: tuple[Student, ...]
    strength: float
    z: float | None
    stands_out: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The pairs of a class, most evidence first."""

    group: Class
    options: Options
    standings: dict[str, Standing]
    typical: Typical
    entries: tuple[Entry, ...]
    outstanding: int


def rank(
    book: Book,
    known: Mapping[str, Given],
    options: Options = Options(),
    *,
    only: Sequence[str] = (),
    step: Callable[[str], None] = lambda slug: None,
) -> Ranking:
    """Rank the pairs of students. `known` is what was given for each slug; `step` hears of each exercise begun."""
    group = gather(book, only)
    standings = {}
    for column in group.columns:
        step(column.slug)
        if len(group.works.get(column.slug, ())) > 1:
            standings[column.slug] = _stand(book, column, group.works[column.slug], known.get(column.slug), options)
    totals = _totals(group, standings)
    typical = _typical(totals.nearest(), 1.0)
    entries, outstanding = _entries(group, standings, totals, typical, options.top)
    return Ranking(group, options, standings, typical, entries, outstanding)


def _stand(book: Book, column: Column, works: tuple[Work, ...], known: Given | None, options: Options) -> Standing:
    seen: dict[str, Analysis] = {}
    analyses: list[Analysis] = []
    wrong: list[frozenset[int]] = []
    unread = 0
    nothing = Analysis(frozenset(), frozenset(), frozenset())
    results = _failures(book, list(dict.fromkeys(work.key for work in works if work.key)))
    for work in works:
        if work.sha256 not in seen:
            source = source_of(book.source(work.sha256, column.slug), work.file, column.slug)
            seen[work.sha256] = nothing if source is None else analyse(source, known or Given())
        unread += seen[work.sha256] is nothing
        analyses.append(seen[work.sha256])
        wrong.append(results.get(work.key, frozenset()))
    limit = compare.holders_limit(len(works), options.share)
    grams = compare.holders([one.grams for one in analyses])
    marks = compare.holders([one.traits for one in analyses])
    faults = compare.holders(wrong)
    code = compare.pairs([one.prints for one in analyses], grams, limit)
    traits = compare.pairs([one.traits for one in analyses], marks, limit)
    results_alike = compare.pairs(wrong, faults, limit, largest=True)
    total = compare.together((code, traits, results_alike))
    # Where hardly anything is shared the spread is none; three fingerprints that two have must not be far out then.
    least = UNIQUE_PRINTS * max(1.0, float(np.log2(len(works) / 2))) / OUTLIER_Z
    return Standing(
        column=column,
        works=works,
        limit=limit,
        counts=grams + marks + faults,
        code=code,
        traits=traits,
        failures=results_alike,
        total=total,
        typical=_typical(total.nearest(), least),
        unread=unread,
        ordered=np.sort(total.bits),
    )


def _failures(book: Book, keys: Sequence[str]) -> dict[str, frozenset[int]]:
    """What went wrong in each of these results, by key; read some at a time, since a result is large."""
    return {
        key: failures(graded.result)
        for start in range(0, len(keys), _PAGE)
        for key, graded in book.results(keys[start : start + _PAGE]).items()
    }


def _typical(nearest: Bits, least: float) -> Typical:
    if not len(nearest):
        return Typical(0.0, least)
    median = float(np.median(nearest))
    return Typical(median, max(least, _MAD * float(np.median(np.abs(nearest - median)))))


def _totals(group: Class, standings: Mapping[str, Standing]) -> Pairs:
    """The surprises of each pair of students, added up over the exercises."""
    people = len(group.students)
    keys: list[Keys] = [np.empty(0, np.int64)]
    strengths: list[Bits] = [np.empty(0)]
    for standing in standings.values():
        total = standing.total
        strength = standing.surprise(total.bits)
        kept = strength >= _FAINT
        first, second, strength = total.keys[kept] // total.works, total.keys[kept] % total.works, strength[kept]
        # Most works are of one student; a group's count for each pair of members.
        sizes = np.array([len(work.students) for work in standing.works])
        owner = np.array([work.students[0] for work in standing.works], np.int64)
        alone = (sizes[first] == 1) & (sizes[second] == 1)
        keys.append(_keys(owner[first[alone]], owner[second[alone]], people))
        strengths.append(strength[alone])
        for a, b, value in zip(first[~alone], second[~alone], strength[~alone], strict=True):
            left, right = standing.works[a].students, standing.works[b].students
            more = [(i, j) for i in left for j in right]
            keys.append(_keys(np.array([i for i, _ in more]), np.array([j for _, j in more]), people))
            strengths.append(np.full(len(more), value))
    whole = Pairs(people, np.concatenate(keys), np.concatenate(strengths))
    return compare.together((whole,))


def _keys(first: Keys, second: Keys, people: int) -> Keys:
    keys: Keys = np.minimum(first, second).astype(np.int64) * people + np.maximum(first, second)
    return keys


def _entries(
    group: Class, standings: Mapping[str, Standing], totals: Pairs, typical: Typical, top: int
) -> tuple[tuple[Entry, ...], int]:
    people = len(group.students)
    judged = people >= STUDENTS_MIN
    place: dict[str, dict[int, int]] = {
        slug: {student: n for n, work in enumerate(one.works) for student in work.students}
        for slug, one in standings.items()
    }
    order = np.argsort(-totals.bits, kind="stable")
    merged: dict[tuple[tuple[str, int, int], ...], tuple[set[int], set[int]]] = {}
    strengths: dict[tuple[tuple[str, int, int], ...], float] = {}
    outstanding = 0
    for at in order:
        value = float(totals.bits[at])
        stands_out = judged and typical.z(value) >= OUTLIER_Z
        if len(merged) >= top and not stands_out:
            break
        first, second = divmod(int(totals.keys[at]), people)
        shared = tuple(
            (slug, works[first], works[second])
            for slug, works in place.items()
            if first in works and second in works and works[first] != works[second]
        )
        if shared[0][1] > shared[0][2]:  # so that all members of a group are on one side
            first, second = second, first
            shared = tuple((slug, right, left) for slug, left, right in shared)
        if shared in merged:  # other members of the same groups
            merged[shared][0].add(first)
            merged[shared][1].add(second)
            continue
        outstanding += stands_out
        if len(merged) < top:
            merged[shared] = ({first}, {second})
            strengths[shared] = value
    entries = []
    for shared, (left, right) in merged.items():
        parts = [part for key in shared if (part := _part(standings[key[0]], key[1], key[2])).bits > 0]
        z = typical.z(strengths[shared]) if judged else None
        entries.append(
            Entry(
                left=tuple(group.students[one] for one in sorted(left)),
                right=tuple(group.students[one] for one in sorted(right - left)),
                strength=strengths[shared],
                z=z,
                stands_out=z is not None and z >= OUTLIER_Z,
                parts=tuple(sorted(parts, key=lambda part: -part.surprise)),
            )
        )
    return tuple(entries), outstanding


def _part(standing: Standing, left: int, right: int) -> Part:
    bits = standing.total.of(left, right)
    return Part(
        slug=standing.column.slug,
        left=standing.works[left],
        right=standing.works[right],
        code_bits=standing.code.of(left, right),
        trait_bits=standing.traits.of(left, right),
        failure_bits=standing.failures.of(left, right),
        bits=bits,
        surprise=float(standing.surprise(np.array([bits]))[0]),
        z=standing.typical.z(bits),
        place=standing.place(bits),
    )
