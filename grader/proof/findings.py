"""What `grade check` says: phases in the order of an author's work, and the findings of each."""

from __future__ import annotations

from enum import StrEnum

import msgspec

VERSION = 1


class Phase(StrEnum):
    """One question about an exercise. Where one of `GATES` has findings, those after it are not asked yet."""

    STRUCTURE = "structure"
    STUB = "stub"
    REFERENCE = "reference"
    RIGHT = "right"
    WRONG = "wrong"
    NULL = "null"
    CHECKS = "checks"
    MUTANTS = "mutants"
    MARGINS = "margins"
    MESSAGES = "messages"


GATES = (Phase.STRUCTURE, Phase.STUB, Phase.REFERENCE)

QUESTIONS = {
    Phase.STRUCTURE: "all files are there, and say what they must",
    Phase.STUB: "the stub has the names of the solution and earns nothing",
    Phase.REFERENCE: "the reference solution gets full marks",
    Phase.RIGHT: "each right file gets full marks",
    Phase.WRONG: "each wrong file loses points and has a hint",
    Phase.NULL: "a submission that does nothing gets next to nothing",
    Phase.CHECKS: "each check finds a mistake",
    Phase.MUTANTS: "each mutant of the solution is found",
    Phase.MARGINS: "no answer is near a tolerance",
    Phase.MESSAGES: "no message shows what is hidden",
}


class State(StrEnum):
    """What came of a phase."""

    CLEAN = "clean"
    FINDINGS = "findings"
    NOT_RUN = "not_run"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something to change. `file` is relative to the course, `line` is 0 where it is about the whole file.

    `text` is one line: what is wrong, and what to do next. `detail` has lines to look at, such as a diff. A note is
    no error: it changes no exit status.
    """

    exercise: str
    phase: Phase
    file: str
    text: str
    line: int = 0
    detail: str = ""
    note: bool = False


class Kills(msgspec.Struct, frozen=True, kw_only=True):
    """What one check finds by itself: how many of the wrong files and mutants, and which only it finds."""

    check: str
    killed: int
    only_here: tuple[str, ...] = ()


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """How far from its tolerances the answers in one check are, in tolerances.

    `reference` and `right` are the largest error of a right answer, `mistake` the smallest of a wrong one that fails
    the check by its numbers. None where no tolerance tells them apart: no comparison has one, or none fails by it.
    `right_file` and `mistake_of` say whose they are.
    """

    check: str
    reference: float | None = None
    right: float | None = None
    right_file: str = ""
    mistake: float | None = None
    mistake_of: str = ""


class PhaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """One phase of one exercise. `about` says how much was looked at, or why it was not run.

    `kills` are there for the phase `checks`, `margins` for that of this name.
    """

    phase: Phase
    state: State
    about: str = ""
    findings: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    kills: tuple[Kills, ...] = ()
    margins: tuple[Margin, ...] = ()


class ExerciseProof(msgspec.Struct, frozen=True, kw_only=True):
    """The phases of one exercise, in order."""

    slug: str
    phases: tuple[PhaseResult, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, the author's next step first."""
        return tuple(one for phase in self.phases for one in phase.findings)


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` writes. `findings` are those about the course as a whole; `seed` repeats the run."""

    version: int = VERSION
    seed: int
    exercises: tuple[ExerciseProof, ...]
    findings: tuple[Finding, ...] = ()
    duration_s: float = 0.0

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Those about the course, then those of each exercise."""
        return (*self.findings, *(one for exercise in self.exercises for one in exercise.findings))
