"""Where and what two works share, for the few pairs that are shown."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader.similarity import operations, traits
from grader.similarity.analyse import Given, own_traits, trait_number
from grader.similarity.compare import bits_of
from grader.similarity.gather import Book, Work
from grader.similarity.operations import Reading
from grader.similarity.rank import Part, Standing
from grader.similarity.sources import source_of
from grader.similarity.traits import Kind, Trait
from grader.similarity.winnow import Fingerprint, grams, wholes, winnow

REGIONS_MAX = 40
TRAITS_SHOWN_MAX = 12
_GAP_LINES = 1
_MATCHES_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Region:
    """Lines (from 1, both ends included) of the one side that do the same as those of the other."""

    left: tuple[int, int]
    right: tuple[int, int]
    bits: float


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its source, and the last line of the statement that it starts with (0 if it doesn't)."""

    work: Work
    source: str
    statement_end: int
    exact: bool
    share_in_other: float


@dataclass(frozen=True, slots=True)
class Detail:
    """A pair in one exercise. `similarity` is the part of what the two have beyond the common that both have (0 to 1);
    `shared` are the traits that both have and few others, with how many have each, rarest first."""

    part: Part
    left: Side
    right: Side
    similarity: float
    regions: tuple[Region, ...]
    shared: tuple[tuple[Trait, int], ...]
    same_bytes: bool


def detail(book: Book, standing: Standing, part: Part, known: Given) -> Detail:
    """Read both works again and say what they share."""
    sources = [_source(book, work, part.slug) for work in (part.left, part.right)]
    readings = [operations.read(source) for source in sources]
    works = len(standing.works)

    def counted(hash: int) -> bool:
        return hash not in known.hashes and standing.counts[hash] <= standing.limit

    def weight(hashes: Iterable[int]) -> float:
        # One that nobody else has is worth as much as one that a pair has: it is what the other side lacks.
        return sum(bits_of(works, max(2, standing.counts[hash])) for hash in hashes)

    prints = [
        {one.hash for one in (*winnow(reading.units), *wholes(reading.units)) if counted(one.hash)}
        for reading in readings
    ]
    every = [[one for run in grams(reading.units) for one in run if counted(one.hash)] for reading in readings]
    own = [weight(some) for some in prints]
    common = weight(prints[0] & prints[1])
    sides = [
        Side(work, source, _statement_end(reading, known), reading.exact, common / mine if mine else 0.0)
        for work, source, reading, mine in zip((part.left, part.right), sources, readings, own, strict=True)
    ]
    return Detail(
        part=part,
        left=sides[0],
        right=sides[1],
        similarity=2 * common / sum(own) if sum(own) else 0.0,
        regions=_regions(every[0], every[1], standing),
        shared=_shared(book, part, sources, readings, standing, known),
        same_bytes=part.left.sha256 == part.right.sha256,
    )


def _source(book: Book, work: Work, slug: str) -> str:
    return source_of(book.source(work.sha256, slug), work.file, slug) or ""


def _statement_end(reading: Reading, known: Given) -> int:
    """The last line of the module docstring, if that is the statement as it was given."""
    module = reading.nodes[0] if reading.nodes else None
    if not isinstance(module, ast.Module) or not module.body:
        return 0
    match module.body[0]:
        case ast.Expr(value=ast.Constant(value=str())) as node:
            found = traits.of_source("", Reading((), (node.value,), frozenset(), exact=True))
            return (node.end_lineno or 0) if found <= known.traits else 0
    return 0


def _regions(left: Sequence[Fingerprint], right: Sequence[Fingerprint], standing: Standing) -> tuple[Region, ...]:
    """Join what matches on neighbouring lines of both sides."""
    places: dict[int, list[Fingerprint]] = defaultdict(list)
    for one in right:
        places[one.hash].append(one)
    matches = []
    used: dict[int, int] = defaultdict(int)
    for one in left:  # the first with the first, the second with the second
        at = used[one.hash]
        if at < len(places.get(one.hash, ())):
            used[one.hash] += 1
            matches.append((one, places[one.hash][at]))
    found: list[list[int]] = []
    bits: list[float] = []
    for one, other in sorted(matches[:_MATCHES_MAX]):
        worth = bits_of(len(standing.works), max(2, standing.counts[one.hash]))
        for n, region in enumerate(found):
            if _touch(region[:2], one) and _touch(region[2:], other):
                region[:] = [
                    min(region[0], one.first), max(region[1], one.last),
                    min(region[2], other.first), max(region[3], other.last),
                ]  # fmt: skip
                bits[n] += worth
                break
        else:
            found.append([one.first, one.last, other.first, other.last])
            bits.append(worth)
    regions = [Region((a, b), (c, d), worth) for (a, b, c, d), worth in zip(found, bits, strict=True)]
    best = sorted(regions, key=lambda region: -region.bits)[:REGIONS_MAX]
    return tuple(sorted(best, key=lambda region: region.left))


def _touch(span: Sequence[int], one: Fingerprint) -> bool:
    return one.first <= span[1] + _GAP_LINES and one.last >= span[0] - _GAP_LINES


def _shared(
    book: Book,
    part: Part,
    sources: Sequence[str],
    readings: Sequence[Reading],
    standing: Standing,
    known: Given,
) -> tuple[tuple[Trait, int], ...]:
    mine, theirs = (own_traits(*both, known) for both in zip(sources, readings, strict=True))
    found = [(one, standing.counts[trait_number(one)]) for one in mine & theirs]
    wrong = []
    results = book.results(work.key for work in (part.left, part.right) if work.key)
    for work in (part.left, part.right):
        graded = results.get(work.key)
        wrong.append(traits.of_result(graded.result) if graded is not None else frozenset())
    found += [(one, standing.counts[trait_number(one)]) for one in wrong[0] & wrong[1]]
    rare = [(one, count) for one, count in found if count <= standing.limit]
    rare.sort(key=lambda pair: (pair[1], pair[0].kind, pair[0].text))
    kept: list[tuple[Trait, int]] = []
    for kind in Kind:
        kept += [one for one in rare if one[0].kind is kind][:TRAITS_SHOWN_MAX]
    return tuple(kept)
