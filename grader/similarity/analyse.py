"""Reduce each work to numbers: its fingerprints beyond the stub, and its traits."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from grader.model import ExerciseResult
from grader.similarity import operations, traits
from grader.similarity.operations import Reading
from grader.similarity.traits import Kind, Trait
from grader.similarity.winnow import grams, number, wholes, winnow

WHOLE_MAX = 8
"""For how many traits a file counts that is the same as another to the last character."""


@dataclass(frozen=True, slots=True)
class Given:
    """What everybody was given for an exercise, and so nobody can have from somebody else."""

    hashes: frozenset[int] = frozenset()
    traits: frozenset[Trait] = frozenset()
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Analysis:
    """One source: winnowed fingerprints, all k-grams (to count who has one), and traits, each as numbers.

    `exact` is False for a source that Python can't parse.
    """

    prints: frozenset[int]
    grams: frozenset[int]
    traits: frozenset[int]
    exact: bool = True


def given(sources: Sequence[str]) -> Given:
    """What `sources` (the stub with its statement, and code shown in class) hold."""
    hashes: set[int] = set()
    known: set[Trait] = set()
    for source in sources:
        reading = operations.read(source)
        hashes.update(one.hash for run in grams(reading.units) for one in run)
        hashes.update(one.hash for one in wholes(reading.units))
        known |= traits.of_source(source, reading)
        module = reading.nodes[0] if reading.nodes else None
        statement = ast.get_docstring(module) if isinstance(module, ast.Module) else None
        formulas = [operations.words(line) for line in (statement or "").split("\n")]
        hashes.update(one.hash for run in grams(formulas) for one in run)
    return Given(frozenset(hashes), frozenset(known), traits.given(sources))


def analyse(source: str, known: Given) -> Analysis:
    """What is in `source` beyond what is `known`. Never raises; the work is bounded."""
    reading = operations.read(source)
    whole = {one.hash for one in wholes(reading.units)}
    every = ({one.hash for run in grams(reading.units) for one in run} | whole) - known.hashes
    prints = ({one.hash for one in winnow(reading.units)} | whole) & every
    numbers = {trait_number(one) for one in own_traits(source, reading, known)}
    # The same to the last character says the more, the more there is that could differ.
    copies = min(WHOLE_MAX, 1 + len(numbers) // 2)
    numbers.update(number(f"all of it {n}\0{source}") for n in range(copies))
    return Analysis(frozenset(prints), frozenset(every), frozenset(numbers), reading.exact)


def own_traits(source: str, reading: Reading, known: Given) -> frozenset[Trait]:
    """The traits of a source that are not those of what was given."""
    return frozenset(
        one
        for one in traits.of_source(source, reading) - known.traits
        if one.kind is not Kind.NAME or one.text not in known.words
    )


def failures(result: ExerciseResult | None) -> frozenset[int]:
    """The wrong results of a submission, as numbers."""
    return frozenset(map(trait_number, traits.of_result(result))) if result is not None else frozenset()


@lru_cache(maxsize=65_536)
def trait_number(trait: Trait) -> int:
    """The number that stands for a trait."""
    return number(f"{trait.kind}\0{trait.text}")
