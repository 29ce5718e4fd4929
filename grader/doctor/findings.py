"""The nouns of the examination. `Findings` is also the file that `grade doctor --json` writes."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from grader.model import Level

VERSION = 1


class Verdict(StrEnum):
    """How one attempt ended."""

    REFUSED = "refused"
    GOT_THROUGH = "got_through"
    NOT_TRIED = "not_tried"
    UNCLEAR = "unclear"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a submission tried. `why` is what it met, or why it was not tried."""

    name: str
    title: str
    verdict: Verdict
    why: str = ""


class Mechanism(msgspec.Struct, frozen=True, kw_only=True):
    """One wall. `needed` is false where it would add nothing here; `advice` is lines on how to get it."""

    name: str
    in_force: bool
    detail: str = ""
    needed: bool = True
    advice: tuple[str, ...] = ()


class Surrounding(msgspec.Struct, frozen=True, kw_only=True):
    """Something else that grading needs (`ok` false: it fails without) or may want (`advice` only)."""

    name: str
    ok: bool
    detail: str = ""
    advice: tuple[str, ...] = ()


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. `level` is None where nothing can be graded at all; `problem` then says why.

    `untouched` says that everything outside is as it was put there.
    """

    version: int = VERSION
    level: Level | None = None
    mechanisms: tuple[Mechanism, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    untouched: bool = True
    around: tuple[Surrounding, ...] = ()
    problem: str = ""
    seconds: float = 0.0

    @property
    def got_through(self) -> tuple[Attempt, ...]:
        """The attempts that were not stopped, or may not have been."""
        return tuple(a for a in self.attempts if a.verdict in (Verdict.GOT_THROUGH, Verdict.UNCLEAR))

    @property
    def is_sandbox(self) -> bool:
        """Whether the strongest level is in force, and held."""
        return self.level is Level.SANDBOX and not self.got_through and self.untouched
