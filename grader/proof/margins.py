"""How far right answers and mistakes are from the tolerances of a suite.

A tolerance lies between the rounding errors of right solutions and the errors of wrong ones, and should be far from
both. A right answer that uses up most of it fails with another seed or on another machine; a mistake that is just
outside gets through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.proof.findings import Margin
from grader.proof.run import Ending, Run

# Shares of a tolerance.
ROOM = 0.5  # what right answers may use
MANY = 10_000
DISTANCE = 2.0  # what the check that sees a mistake best should see at least


def margins(
    checks: Sequence[str], reference: Sequence[Run], right: Sequence[Run], mistakes: Sequence[Run]
) -> tuple[Margin, ...]:
    """A margin for each check that compares with a tolerance. The keys of the runs say whose they are."""
    made = (_margin(check, reference, right, mistakes) for check in checks)
    return tuple(one for one in made if (one.reference, one.right, one.mistake) != (None, None, None))


def _margin(check: str, reference: Sequence[Run], right: Sequence[Run], mistakes: Sequence[Run]) -> Margin:
    used = [run.observed.used[check] for run in reference if check in run.observed.used]
    others = [(run.observed.used[check], run.candidate.key) for run in right if check in run.observed.used]
    missed = [(run.observed.missed[check], run.candidate.key) for run in mistakes if check in run.observed.missed]
    most, nearest = max(others, default=None), min(missed, default=None)
    return Margin(
        check=check,
        reference=max(used, default=None),
        right=most[0] if most is not None else None,
        right_file=most[1] if most is not None else "",
        mistake=nearest[0] if nearest is not None else None,
        mistake_of=nearest[1] if nearest is not None else "",
    )


def tight(found: Sequence[Margin]) -> Iterator[tuple[Margin, float, str]]:
    """The margins in which a right answer uses too much: with the share, and whose it is ("" for the reference)."""
    for one in found:
        if one.reference is not None and one.reference > ROOM:
            yield one, one.reference, ""
        elif one.right is not None and one.right > ROOM:
            yield one, one.right, one.right_file


def close(mistakes: Sequence[Run]) -> Iterator[tuple[Run, str, float]]:
    """The mistakes that no check sees clearly: with the check that sees it best, and how far outside it is there."""
    for run in mistakes:
        if run.ending is not Ending.KILLED or not run.kills:
            continue
        if set(run.kills) <= set(run.observed.missed):
            check = max(run.kills, key=lambda one: run.observed.missed[one])
            if run.observed.missed[check] < DISTANCE:
                yield run, check, run.observed.missed[check]


def summary(found: Sequence[Margin]) -> str:
    """The largest error of a right answer and the smallest of a mistake, in a few words."""
    used = [share for one in found for share in (one.reference, one.right) if share is not None]
    missed = [one.mistake for one in found if one.mistake is not None]
    if not used and not missed:
        return "no check compares with one"
    right = f"right ones up to {percent(max(used))} of it" if used else ""
    wrong = f"mistakes from {times(min(missed))}" if missed else ""
    return ", ".join(filter(None, (right, wrong)))


def percent(share: float) -> str:
    """A share of a tolerance, for people."""
    return f"{100 * share:.2g} %" if share >= 1e-3 or share == 0 else "0.1 %"


def times(share: float) -> str:
    """How many tolerances an error is, for people."""
    if share < 100:
        return f"{share:.2g} times"
    return f"{share:.0f} times" if share < MANY else f"{MANY}+ times"
