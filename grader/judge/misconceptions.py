"""Recognise a mistake: a failing submission that answers as one of the author's wrong solutions does.

The author writes `wrong/` files to prove the suite, each with a hint as its docstring. Nothing more is asked of them. A
submission is compared on the first check that it failed; what is left, on all the others. It must fail what the wrong
solution fails, pass what that passes, and answer alike wherever it fails. If two fit, neither is named.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from grader.judge.transcript import Transcript
from grader.model import CheckResult, Diagnosis, DiagnosisKind, Outcome

# What the search may take for one submission. Wrong solutions are run once per check and run of the grader. It is long,
# so that a busy machine names the mistake that an idle one names; the engine waits longer for a judge that is silent.
BUDGET_S = 60.0
MAX_TEXT = 1000
# Checks that did not run say nothing about the mistake.
_SILENT = {Outcome.SKIPPED, Outcome.NOT_IMPLEMENTED, Outcome.INTERNAL_ERROR}
_WRONG = set(Outcome) - _SILENT - {Outcome.PASSED}

# Runs a check on a wrong solution: how it ended, and what was answered.
Run = Callable[[Path, str], tuple[Outcome, Transcript | None]]


class Misconceptions:
    """The wrong solutions of one exercise, with what is known of their answers."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._known: dict[tuple[Path, str], tuple[Outcome, Transcript | None]] = {}

    def recognise(self, checks: Sequence[CheckResult], said: dict[str, Transcript], run: Run) -> Diagnosis | None:
        """The mistake behind failed `checks`, or None. `said` has the transcript of each, by check."""
        failed = [check.id for check in checks if check.outcome in _WRONG]
        if not failed or any(name not in said for name in failed):
            return None
        deadline = time.monotonic() + BUDGET_S
        fitting = list(self._files)
        # Most files are out after the first check.
        for name in failed:
            fitting = [file for file in fitting if self._answers_alike(file, name, said[name], run, deadline)]
        passed = [check.id for check in checks if check.outcome is Outcome.PASSED]
        for name in passed:
            fitting = [file for file in fitting if self._of(file, name, run)[0] is Outcome.PASSED]
        if len(fitting) != 1 or time.monotonic() > deadline:
            return None
        return _diagnosis(fitting[0], failed[0])

    def _answers_alike(self, file: Path, check: str, said: Transcript, run: Run, deadline: float) -> bool:
        if time.monotonic() > deadline:
            return False
        outcome, transcript = self._of(file, check, run)
        return outcome in _WRONG and transcript is not None and transcript.equals(said)

    def _of(self, file: Path, check: str, run: Run) -> tuple[Outcome, Transcript | None]:
        key = (file, check)
        if key not in self._known:
            self._known[key] = run(file, check)
        return self._known[key]


def _diagnosis(file: Path, check: str) -> Diagnosis | None:
    try:
        text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    except (OSError, ValueError, SyntaxError):
        return None
    return Diagnosis(
        check=check, kind=DiagnosisKind.MISCONCEPTION, name=file.stem, text=" ".join(text.split())[:MAX_TEXT]
    )
