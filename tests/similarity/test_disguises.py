"""A copy is nearer to its source than independent work is, whatever was done to it."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import combinations

import pytest

from grader.similarity.analyse import Analysis, Given, analyse, given
from tests.similarity.classes import SLUGS, bases, stub
from tests.similarity.disguises import DISGUISES, annotated, local_names

LARGER = ("linear", "sgd", "device", "matmul")
KNOWN: dict[str, Given] = {slug: given([stub(slug)]) for slug in SLUGS}


def looked_at(slug: str, source: str) -> Analysis:
    return analyse(source, KNOWN[slug])


def containment(one: Analysis, other: Analysis) -> float:
    """How much of `one` is in `other`."""
    return len(one.prints & other.grams) / max(1, len(one.prints))


def independent(slug: str) -> float:
    """The median containment of solutions that were written independently."""
    found = [looked_at(slug, source) for source in bases(slug)]
    values = sorted(containment(a, b) for a, b in combinations(found, 2))
    return values[len(values) // 2]


# How much of a source must still be found in the copy, over all right solutions of the larger exercises.
LEAST = {
    "verbatim": 1.0, "renamed": 1.0, "reordered": 1.0, "uncommented": 1.0, "commented": 1.0, "reformatted": 1.0,
    "printing": 1.0, "split": 1.0, "looped": 0.75, "annotated": 1.0, "dead code": 0.9, "syntax error": 0.9,
    "everything": 0.75,
}  # fmt: skip


@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguise_hides_little(name: str) -> None:
    kept = []
    for slug in LARGER:
        typical = independent(slug)
        for n, source in enumerate(bases(slug)[:5]):
            original = looked_at(slug, source)
            copy = looked_at(slug, DISGUISES[name](source, random.Random(n)))  # noqa: S311 - repeatable
            kept.append(containment(original, copy))
            assert kept[-1] > typical + 0.2, (slug, n, typical)
    assert sum(kept) / len(kept) >= LEAST[name]


@pytest.mark.parametrize("slug", LARGER)
def test_independent_solutions_share_much_less(slug: str) -> None:
    assert independent(slug) < 0.65


def test_the_disguises_change_the_text() -> None:
    idle = ("verbatim", "looped", "uncommented")  # nothing to do in this one
    changed: list[Callable[..., str]] = [change for name, change in DISGUISES.items() if name not in idle]
    source = bases("device")[1]
    for change in changed:
        assert change(source, random.Random(1)) != source  # noqa: S311 - repeatable
    assert "mathematics" in annotated(bases("linear")[0])
    assert set(local_names(source)) - {"X"}


@pytest.mark.parametrize("slug", SLUGS)
def test_a_stub_and_its_statement_have_nothing_of_their_own(slug: str) -> None:
    untouched = looked_at(slug, stub(slug))
    assert not untouched.prints
    assert len(untouched.traits) == 1  # all of it, which is as common as untouched stubs are
