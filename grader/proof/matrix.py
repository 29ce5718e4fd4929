"""Which check kills what, and which checks the suite could do without."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from grader.proof.run import Run


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """The kills of one suite: for each of its checks, in order, the keys of what it killed.

    The runs must be of the `independent` course: a check that was skipped killed nothing, though it might have.
    `needed` are checks that others depend on.
    """

    kills: dict[str, frozenset[str]]
    needed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, checks: Sequence[str], runs: Iterable[Run], needed: Iterable[str] = ()) -> Matrix:
        """The matrix of the checks with these ids over the runs of wrong files and mutants of one exercise."""
        runs = list(runs)
        kills = {check: frozenset(run.candidate.key for run in runs if check in run.kills) for check in checks}
        return cls(kills=kills, needed=frozenset(needed))

    @property
    def idle(self) -> tuple[str, ...]:
        """Checks that kill nothing: as far as is known they can't fail."""
        return tuple(check for check, killed in self.kills.items() if not killed)

    @property
    def redundant(self) -> tuple[str, ...]:
        """Checks that kill something, all of which others kill too. Each could go, but not all of them at once.

        One that others depend on is none of them: it says what went wrong in fewer words than those would.
        """
        return tuple(
            check
            for check, killed in self.kills.items()
            if killed and check not in self.needed and not self.only_by(check)
        )

    def only_by(self, check: str) -> frozenset[str]:
        """What survives when that check is taken away."""
        others = [killed for other, killed in self.kills.items() if other != check]
        return self.kills[check].difference(*others)
