"""Margins: who uses most of a tolerance, which mistake is nearest, and which no check sees clearly."""

from __future__ import annotations

from grader.judge.messages import Observed
from grader.model import ExerciseResult, Outcome, Status, SubmissionFile
from grader.proof.findings import Margin
from grader.proof.margins import close, margins, percent, summary, tight, times
from grader.proof.run import Candidate, Ending, Run

RESULT = ExerciseResult(
    slug="a", title="A", chapter="c", status=Status.FAILED, score=0, max_score=1,
    submission=SubmissionFile(file="a.py", sha256=""),
)  # fmt: skip


def right(key: str, **used: float) -> Run:
    return Run(
        candidate=Candidate(slug="a", key=key, source=""), ending=Ending.SURVIVED, kills={}, result=RESULT,
        duration_s=0, observed=Observed(used=used),
    )  # fmt: skip


def mistake(key: str, *otherwise: str, **missed: float) -> Run:
    """A mistake that some checks find by numbers, and others `otherwise`."""
    kills = dict.fromkeys((*otherwise, *missed), Outcome.FAILED)
    return Run(
        candidate=Candidate(slug="a", key=key, source=""), ending=Ending.KILLED, kills=kills, result=RESULT,
        duration_s=0, observed=Observed(missed=missed),
    )  # fmt: skip


def test_a_margin_has_the_worst_right_answer_and_the_nearest_mistake() -> None:
    found = margins(
        ["x", "y", "z"],
        [right("seed 0", x=0.1), right("seed 1", x=0.2)],
        [right("right/a.py", x=0.05, y=0.3), right("right/b.py", x=0.4)],
        [mistake("m", x=9.0), mistake("n", x=5.0)],
    )
    assert found == (
        Margin(check="x", reference=0.2, right=0.4, right_file="right/b.py", mistake=5.0, mistake_of="n"),
        Margin(check="y", right=0.3, right_file="right/a.py"),
    )


def test_more_than_half_of_a_tolerance_is_tight() -> None:
    found = [
        Margin(check="x", reference=0.6, right=0.7, right_file="r"),
        Margin(check="y", reference=0.5, right=0.6, right_file="r"),
        Margin(check="z", reference=0.5, right=0.5, right_file="r"),
    ]
    assert [(one.check, share, file) for one, share, file in tight(found)] == [("x", 0.6, ""), ("y", 0.6, "r")]


def test_a_mistake_is_close_if_no_check_sees_it_clearly() -> None:
    runs = [
        mistake("close", x=1.2, y=1.9),
        mistake("clear in one", x=1.2, y=50.0),
        mistake("clear otherwise", "shape", x=1.2),
        mistake("forbidden"),
    ]
    assert [(run.candidate.key, check, share) for run, check, share in close(runs)] == [("close", "y", 1.9)]


def test_a_summary_has_both_ends() -> None:
    both = Margin(check="x", reference=0.0005, right=0.021, mistake=664.2)
    assert summary([both]) == "right ones up to 2.1 % of it, mistakes from 664 times"
    assert summary([Margin(check="x", reference=0.0)]) == "right ones up to 0 % of it"
    assert summary([]) == "no check compares with one"
    assert (percent(1e-9), times(1.94), times(2e5)) == ("0.1 %", "1.9 times", "10000+ times")
