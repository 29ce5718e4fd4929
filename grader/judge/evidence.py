"""Evidence that a submission uses what it should write, and what the course wants done about it.

There are two sorts. A name in the source is found by reading it. A name that was at work is what the worker saw while
it ran the student's code: it says so by a number, so nothing of a student's gets into a report, but it is said in the
student's process. A name that was found in the source is not reported a second time for being at work.
"""

from __future__ import annotations

import msgspec

from grader import forbidden
from grader.judge.messages import SuiteSpec
from grader.judge.results import without_points
from grader.model import CheckResult, Diagnosis, DiagnosisKind, Outcome, Policy

NAMES_MAX = 20
_REVIEW = "This took no points and may be no mistake; an instructor should look at it."


class Evidence:
    """What is known of one submission."""

    def __init__(self, spec: SuiteSpec, source: str) -> None:
        self._spec = spec
        self._written: tuple[Diagnosis, ...] = ()
        self._ran: list[tuple[str, str]] = []
        self._names: set[str] = set()
        if spec.forbidden and spec.if_written is not Policy.OFF:
            found = forbidden.findings(source, spec.forbidden, spec.instead, required=spec.required)
            self._written = tuple(self._for_review(one) for one in found)

    def saw(self, check: str, names: set[str]) -> None:
        """The forbidden `names` were at work while the check with the id `check` ran."""
        for name in self._spec.looked_for:
            if name not in names or any(_is_same(one.name, name) for one in self._written):
                continue
            if name in self._names or len(self._names) < NAMES_MAX:
                self._names.add(name)
                self._ran.append((check, name))

    @property
    def takes_all(self) -> bool:
        """Whether the exercise earns no points."""
        return bool(
            (self._written and self._spec.if_written is Policy.EXERCISE)
            or (self._ran and self._spec.if_run is Policy.EXERCISE)
        )

    def applied(self, result: CheckResult) -> CheckResult:
        """The result of a check, without the points that the evidence costs."""
        if self.takes_all:
            return without_points(result)
        name = next((name for check, name in self._ran if check == result.id), "")
        if not name or self._spec.if_run is not Policy.CHECK or result.outcome is not Outcome.PASSED:
            return result
        message = f"No points: `{name}` ran here, and this exercise asks you to do without it."
        return msgspec.structs.replace(result, outcome=Outcome.FAILED, score=0.0, message=message)

    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """All of it, in words: one for each line of the source, and one for each name and check that it ran in."""
        flagged = self._spec.if_run is Policy.FLAG
        after = _REVIEW if flagged else self._spec.instead.strip()
        text = f"ran while your code was checked; this exercise asks you to do without it. {after}".strip()
        ran = (
            Diagnosis(
                check=check,
                kind=DiagnosisKind.FORBIDDEN_API,
                name=name,
                text=f"{name} {text}",
                review=flagged,
            )
            for check, name in self._ran
        )
        return (*self._written, *ran)

    def _for_review(self, found: Diagnosis) -> Diagnosis:
        if self._spec.if_written is not Policy.FLAG:
            return found
        return msgspec.structs.replace(found, text=f"{found.text} {_REVIEW}", review=True)


def _is_same(written: str, ran: str) -> bool:
    """Whether a name of the source accounts for one that ran: the same, below it, or another way to the function."""
    ends = {name.rpartition(".")[2].removesuffix("_") for name in (written, ran)}
    return len(ends) == 1 or written.startswith(f"{ran}.")
