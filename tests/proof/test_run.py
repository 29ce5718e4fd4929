"""The runner, on a small course, with real judges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from grader.course import Course
from grader.engine import IsolationUnavailable, Options
from grader.model import Outcome
from grader.proof.independent import independent
from grader.proof.matrix import Matrix
from grader.proof.run import PATIENCE, PATIENCE_MIN_S, Candidate, Ending, Run, Runner, impatient, slowest
from grader.proof.score import candidates, mutants_of, score

COURSE = Course.load(Path(__file__).parent.parent / "courses" / "proof")
HALVE = COURSE.get("halve")
assert HALVE is not None
RIGHT = HALVE.solution.read_text("utf-8")


def candidate(source: str, key: str = "", slug: str = "halve") -> Candidate:
    return Candidate(slug=slug, key=key or source, source=source)


def judges() -> set[int]:
    """The processes of all judges that this process has."""
    return {p.pid for p in psutil.Process().children() if p.status() != psutil.STATUS_ZOMBIE}


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(COURSE, options=Options(seed=1, timeout_s=1.0), engines=2) as started:
        yield started


def test_runs_come_back_in_order_and_progress_counts_them(runner: Runner) -> None:
    told: list[tuple[str, int, int]] = []
    given = [candidate(f"def halve(X):\n    return X / {n}\n", f"by {n}") for n in (1, 2, 3, 2, 5)]
    runs = runner.run(given, lambda run, done, total: told.append((run.candidate.key, done, total)))
    assert [run.candidate for run in runs] == given
    assert [run.ending for run in runs] == [
        Ending.KILLED, Ending.SURVIVED, Ending.KILLED, Ending.SURVIVED, Ending.KILLED,
    ]  # fmt: skip
    assert [(done, total) for _, done, total in told] == [(n, 5) for n in range(1, 6)]
    assert sorted(key for key, _, _ in told) == ["by 1", "by 2", "by 2", "by 3", "by 5"]


def test_a_run_says_which_checks_killed_and_how(runner: Runner) -> None:
    (wrong, right) = runner.run([candidate("def halve(X):\n    return 1 / 0\n"), candidate(RIGHT)])
    # The third check depends on the first: it was skipped, and kills nothing here.
    assert wrong.kills == {"test_values": Outcome.RAISED}
    assert right.kills == {}
    assert right.result.score == right.result.max_score == 3


def test_what_cannot_be_imported_is_invalid_whatever_it_raises(runner: Runner) -> None:
    sources = ["raise ValueError\n", "import torch\n1 / 0\n", "class Halve(3):\n    pass\n", "nothing_of_the_kind\n"]
    runs = runner.run([candidate(source) for source in sources])
    assert [run.ending for run in runs] == [Ending.INVALID] * 4


@pytest.mark.parametrize("source", ["", "halve = None\n", "def halve(X):\n    raise ImportError\n"])
def test_what_can_be_imported_is_killed_by_checks(runner: Runner, source: str) -> None:
    (run,) = runner.run([candidate(source)])
    assert run.ending is Ending.KILLED
    assert run.kills


def test_a_loop_without_an_end_is_killed_by_time(runner: Runner) -> None:
    (run,) = runner.run([candidate("def halve(X):\n    while True:\n        pass\n")])
    assert run.ending is Ending.KILLED
    assert run.kills == {"test_values": Outcome.TIMED_OUT}


def test_what_the_exercise_forbids_is_killed_without_any_check(runner: Runner) -> None:
    (run,) = runner.run([candidate("import torch\n\n\ndef halve(X):\n    return torch.div(X, 2)\n")])
    assert run.ending is Ending.KILLED
    assert run.kills == {}
    assert run.result.diagnoses


def test_a_fault_of_the_suite_leaves_a_candidate_ungraded(runner: Runner) -> None:
    (run,) = runner.run([candidate("def three():\n    return 3\n", slug="unsound")])
    assert run.ending is Ending.UNGRADED
    assert run.kills == {}


def test_a_surrogate_in_a_source_stops_nobody(runner: Runner) -> None:
    runs = runner.run([candidate("x = '\\ud800'\n"), candidate(RIGHT)])
    assert runs[1].ending is Ending.SURVIVED


def test_a_runner_knows_the_checks_of_each_exercise(runner: Runner) -> None:
    runner.run([candidate(RIGHT)])
    assert [check.id for check in runner.plan["halve"]] == ["test_values", "test_idle", "test_one_number"]
    assert set(runner.plan) == {"halve", "unsound"}


def test_nothing_to_run_is_no_work(runner: Runner) -> None:
    assert runner.run([]) == []


def test_an_interrupt_ends_every_judge_and_all_below_it() -> None:
    def interrupt(run: Run, done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = judges()
    loop = candidate("def halve(X):\n    while True:\n        pass\n")
    with Runner(COURSE, engines=2) as started:
        started.run([candidate(RIGHT), candidate(RIGHT)])
        new = [psutil.Process(pid) for pid in judges() - before]
        family = [*new, *(child for judge in new for child in judge.children(recursive=True))]
        assert len(new) == 2
        assert len(family) >= 6
        with pytest.raises(KeyboardInterrupt):
            started.run([candidate(RIGHT), *[loop] * 10], interrupt)
        _, alive = psutil.wait_procs(family, timeout=10)
        assert not alive
        assert judges() == before


def test_leaving_at_once_leaves_nothing_behind() -> None:
    before = judges()
    with Runner(COURSE, engines=2):
        pass
    assert judges() == before


def test_a_runner_without_a_judge_says_why() -> None:
    options = Options(isolation="sandbox", without=("bubblewrap",))
    with pytest.raises(IsolationUnavailable, match="sandbox"), Runner(COURSE, options=options, engines=1) as started:
        started.run([candidate(RIGHT)])


# ---- time limits ----


def test_time_limits_follow_the_reference_solution(runner: Runner) -> None:
    seconds = slowest(runner.run([candidate(RIGHT), candidate("def three():\n    return 3\n", slug="unsound")]))
    assert set(seconds) == {"halve", "unsound"}
    assert 0 < seconds["halve"] < 1


def test_a_limit_is_never_longer_than_before_nor_too_short() -> None:
    def limits(seconds: dict[str, float]) -> list[float]:
        return [exercise.limits.wall_s for exercise in impatient(COURSE, seconds).exercises]

    assert limits({}) == [10.0, 10.0]
    assert limits({"halve": 0.001}) == [PATIENCE_MIN_S, 10.0]
    assert limits({"halve": 0.25}) == [0.25 * PATIENCE, 10.0]
    assert limits({"halve": 3.0, "unsound": 0.001}) == [10.0, PATIENCE_MIN_S]


# ---- mutants, from the source to the verdict ----


@pytest.fixture(scope="module")
def every_run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """The runs of all mutants of `halve`, without dependencies between checks."""
    assert HALVE is not None
    alone = independent(COURSE, tmp_path_factory.mktemp("independent") / "course")
    with Runner(alone, ["halve"], Options(seed=1), engines=2) as started:
        runs = started.run(candidates("halve", mutants_of(HALVE)))
    return {run.candidate.key: run for run in runs}


def test_mutants_are_sorted_by_what_became_of_them(every_run: dict[str, Run]) -> None:
    assert HALVE is not None
    found = score(HALVE, mutants_of(HALVE), every_run)
    assert {mutant.change.splitlines()[-1] for mutant in found.survived} == {
        "+    return X.div_(2)",  # no check looks at X after the call
        "+    return (X / 2).squeeze()",  # none has a dimension of size 1
        "+    return (X / 2).float()",  # and none is of float64
        "+    return X.float() / 2",
    }
    assert len(found.equivalent) == 3
    assert [mutant.change for mutant in found.wrongly_declared] == ["-    return X / 2\n+    return X / 3"]
    assert found.declared.stale == ("-    return 0.5 * X\n+    return -0.5 * X",)
    assert found.total == len(every_run) == len(found.killed) + 8
    assert found.share == pytest.approx((len(found.killed) + 1) / (len(found.killed) + 5))
    assert not found.clean
    assert (found.invalid, found.ungraded, found.declared.twice) == ((), (), ())


def test_the_matrix_names_checks_that_find_nothing_and_those_that_find_nothing_new(every_run: dict[str, Run]) -> None:
    matrix = Matrix.of(["test_values", "test_idle", "test_one_number"], every_run.values())
    assert matrix.idle == ("test_idle",)
    assert matrix.redundant == ("test_one_number",)
    needed = Matrix(kills=matrix.kills, needed=frozenset({"test_one_number"}))
    assert needed.redundant == ()
    assert matrix.kills["test_one_number"] < matrix.kills["test_values"]
    # A transpose shows in a matrix and not in a single number.
    assert matrix.only_by("test_values") >= {
        key for key, run in every_run.items() if run.candidate.source.endswith("(X / 2).T\n")
    }
