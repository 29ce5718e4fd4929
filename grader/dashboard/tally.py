"""What is counted while the students go by, one exercise at a time. No student's results are kept."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from grader.classroom import Cell, CellState, Column
from grader.dashboard.measures import Correlation
from grader.model import Diagnosis, DiagnosisKind, ExerciseResult, Outcome, Status
from grader.report import words
from grader.text import clean_line

NAME_CHARS = 100
KINDS_MAX = 500  # of mistakes in one exercise; the rest count as one


class Kind(NamedTuple):
    """A mistake: its text, whether it is only flagged for somebody to look at, and whether it was recognised."""

    text: str
    review: bool = False
    named: bool = False


class CheckTally:
    """One check: how many had it graded and passed it, and how that goes with the rest of their work."""

    def __init__(self) -> None:
        self.graded = 0
        self.passed = 0
        self.outcomes: Counter[Outcome] = Counter()
        self.correlation = Correlation()


class ExerciseTally:
    """One exercise: its scores, what its grading took, and the mistakes in it."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.states: Counter[CellState] = Counter()
        self.shares = array("d")
        self.duration_s = array("d")
        self.memory_mib = array("d")
        self.late = 0
        self.adjusted = 0
        self.full = 0
        self.correlation = Correlation()
        self.checks: dict[str, CheckTally] = {id: CheckTally() for id, _, _ in column.checks}
        self.titles: dict[str, tuple[str, float]] = {id: (title, points) for id, title, points in column.checks}
        self.mistakes: Counter[Kind] = Counter()

    def add_cell(self, cell: Cell) -> None:
        """Count the state of a cell, and what its grading took."""
        self.states[cell.state] += 1
        self.adjusted += cell.adjustment is not None
        counted = cell.counted
        if counted is None:
            return
        self.late += counted.late_s > 0 or counted.percent_off > 0
        # Results are shared by equal files and may come from elsewhere: a number that is none would spoil the rest.
        if 0 < counted.duration_s < math.inf:
            self.duration_s.append(counted.duration_s)
        if 0 < counted.memory_mib < math.inf:
            self.memory_mib.append(counted.memory_mib)

    def add_result(self, result: ExerciseResult, rest: float | None) -> list[Kind]:
        """Count a result that was graded; returns its mistakes.

        `rest` are the points of the student's other exercises before lateness and adjustments, or None where they
        are not all graded: then it has no part in a correlation.
        """
        share = min(1.0, max(0.0, result.score / result.max_score)) if result.max_score > 0 else 0.0
        self.shares.append(share)
        self.full += result.status is Status.PASSED
        if rest is not None:
            self.correlation.add(share, rest)
        for check in result.checks:
            if check.outcome is Outcome.INTERNAL_ERROR:
                continue
            tally = self.checks.setdefault(check.id, CheckTally())
            self.titles.setdefault(check.id, (check.title, check.max_score))
            passed = check.outcome is Outcome.PASSED
            tally.graded += 1
            tally.passed += passed
            tally.outcomes[check.outcome] += 1
            if rest is not None:
                tally.correlation.add(float(passed), rest + result.score - check.score)
        kinds = list(dict.fromkeys(mistakes_of(result)))
        for at, kind in enumerate(kinds):
            if kind not in self.mistakes and len(self.mistakes) >= KINDS_MAX:
                kinds[at] = Kind("another mistake")
            self.mistakes[kinds[at]] += 1
        return kinds


def mistakes_of(result: ExerciseResult) -> Iterator[Kind]:
    """How an exercise failed: its diagnoses; without one the outcome of the first check that asks for work."""
    named = False
    for diagnosis in result.diagnoses:
        yield Kind(_text(diagnosis), diagnosis.review, not diagnosis.review)
        named = named or not diagnosis.review
    if named or result.status is not Status.FAILED:
        if result.status is Status.NOT_ATTEMPTED:
            yield Kind("not started")
        return
    first = next((one for one in result.checks if one.outcome not in (Outcome.PASSED, Outcome.SKIPPED)), None)
    if result.problem and (first is None or first.outcome is Outcome.FAILED):
        yield Kind("the file can't be used")
    elif first is None or first.outcome is Outcome.FAILED:
        yield Kind("wrong in a way that is not recognised")
    else:
        yield Kind(words.OUTCOME[first.outcome])


def _text(diagnosis: Diagnosis) -> str:
    name = clean_line(diagnosis.name, NAME_CHARS)
    match diagnosis.kind:
        case DiagnosisKind.FORBIDDEN_API:
            return f"to look at: {name}" if diagnosis.review else f"ready-made: {name}"
        case DiagnosisKind.GRADIENT:
            return f"gradient: {name.replace('_', ' ')}"
        case DiagnosisKind.MISCONCEPTION:
            return name.replace("_", " ")
