"""How good a suite is, measured by mutants of its reference solution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from grader.course import Exercise
from grader.proof.equivalent import Declared, declared, read
from grader.proof.mutants import LIMIT, Mutant, mutants
from grader.proof.run import Candidate, Ending, Run

_PREFIX = "mutant "


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the mutants of one exercise. The findings are `survived`, `wrongly_declared`, `stale`, `twice`,
    and `ungraded`; `invalid` ones could not be imported and count for nothing.
    """

    killed: tuple[Mutant, ...] = ()
    survived: tuple[Mutant, ...] = ()
    equivalent: tuple[Mutant, ...] = ()
    wrongly_declared: tuple[Mutant, ...] = ()
    invalid: tuple[Mutant, ...] = ()
    ungraded: tuple[Mutant, ...] = ()
    declared: Declared = Declared()

    @property
    def total(self) -> int:
        """How many mutants there were."""
        kinds = (self.killed, self.survived, self.equivalent, self.wrongly_declared, self.invalid, self.ungraded)
        return sum(len(kind) for kind in kinds)

    @property
    def share(self) -> float:
        """Killed mutants as a share of those that are mistakes, between 0 and 1; 1 where there are none."""
        killed = len(self.killed) + len(self.wrongly_declared)
        mistakes = killed + len(self.survived)
        return killed / mistakes if mistakes else 1.0

    @property
    def clean(self) -> bool:
        """Whether there is nothing to find fault with."""
        faults = (self.survived, self.wrongly_declared, self.ungraded, self.declared.stale, self.declared.twice)
        return not any(faults)


def mutants_of(exercise: Exercise, limit: int = LIMIT) -> list[Mutant]:
    """The mutants of the reference solution of an exercise. Raises OSError and UnicodeDecodeError."""
    return mutants(exercise.solution.read_text("utf-8"), limit=limit)


def candidates(slug: str, generated: Sequence[Mutant]) -> list[Candidate]:
    """What a `Runner` is given for these mutants of that exercise."""
    return [Candidate(slug=slug, key=f"{_PREFIX}{mutant.id}", source=mutant.source) for mutant in generated]


def score(exercise: Exercise, generated: Sequence[Mutant], runs: Mapping[str, Run]) -> Score:
    """Sort the mutants of an exercise by what became of them; `runs` are by the key of the candidate.

    Reads the author's declarations, and raises `EquivalentError` where they can't be read.
    """
    known = declared(read(exercise.suite.parent), generated)
    kinds: dict[str, list[Mutant]] = {}
    for mutant in generated:
        ending = runs[f"{_PREFIX}{mutant.id}"].ending
        kinds.setdefault(_kind(ending, mutant.id in known.reasons), []).append(mutant)
    return Score(declared=known, **{kind: tuple(found) for kind, found in kinds.items()})


def _kind(ending: Ending, is_declared: bool) -> str:
    if ending is Ending.KILLED:
        return "wrongly_declared" if is_declared else "killed"
    if ending is Ending.SURVIVED:
        return "equivalent" if is_declared else "survived"
    return ending.value
