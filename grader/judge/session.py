"""One pytest session for all submissions.

pytest collects every suite once. Then, instead of running the items once, the judge runs those of an exercise again
for each job. pytest's own reports are not made: an exception is turned into feedback directly, and nothing of the
suite's source or values is ever formatted.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

import grader
from grader import seeds
from grader.compare import Compared
from grader.diagnose import diagnose
from grader.judge.evidence import Evidence
from grader.judge.feedback import Feedback, explain
from grader.judge.items import check_id, points, run_item, title
from grader.judge.messages import (
    CheckFinished,
    Event,
    ExerciseFinished,
    Failed,
    Job,
    PlannedCheck,
    Ready,
    Setup,
    Shown,
    SuiteSpec,
)
from grader.judge.misconceptions import Misconceptions
from grader.judge.recording import Recording, recording
from grader.judge.results import check_result, exercise_result, not_run, skipped
from grader.judge.transcript import Transcript
from grader.judge.watch import Watch, values_of
from grader.judge.workers import Workers
from grader.model import (
    CheckResult,
    Diagnosis,
    DiagnosisKind,
    Environment,
    ExerciseResult,
    Outcome,
    Status,
)
from grader.pytest_plugin import InProcess, passed_key, seed_key, submissions_key
from grader.sandbox import Used, Zygote

# Outcomes that the submission may not be the cause of: the check is tried on the reference solution as well.
_DOUBTFUL = set(Outcome) - {Outcome.PASSED, Outcome.NOT_IMPLEMENTED, Outcome.SKIPPED, Outcome.INTERNAL_ERROR}


_OVERWRITTEN = "The result is right only because your code overwrites the tensors that it is given."


def run(setup: Setup, zygote: Zygote, jobs: Iterator[Job], send: Callable[[Event], None]) -> None:
    """Collect the suites of `setup`, then grade `jobs` until they end."""
    plugin = Session(setup, zygote, jobs, send)
    os.environ.pop("PYTEST_ADDOPTS", None)
    os.environ.pop("CI", None)  # pytest shortens nothing there, and its diffs can take minutes
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    status = pytest.main(
        [
            *("-p", "grader.pytest_plugin", "-c", os.devnull, f"--rootdir={setup.root}", f"--confcutdir={setup.root}"),
            "--import-mode=importlib",
            "--assert=plain",
            "--continue-on-collection-errors",
            "-s",
            *(arg for name in _UNUSED for arg in ("-p", f"no:{name}")),
            *(spec.suite for spec in setup.suites),
        ],
        plugins=[plugin],
    )
    if not plugin.ready:
        send(Failed(text=f"pytest could not start (exit status {int(status)})"))


# Parts of pytest that only cost time here: each hooks into every item.
_UNUSED = (
    "terminal", "cacheprovider", "capture_", "logging", "faulthandler", "junitxml", "pastebin", "doctest",
    "stepwise", "unraisableexception", "threadexception", "warnings", "setuponly", "setupplan", "debugging",
)  # fmt: skip


class Session:
    """The pytest plugin that runs the loop, and the source of the `submission` fixture."""

    def __init__(self, setup: Setup, zygote: Zygote, jobs: Iterator[Job], send: Callable[[Event], None]) -> None:
        self._setup = setup
        self._zygote = zygote
        self._jobs = jobs
        self._send = send
        self._items: dict[str, list[pytest.Function]] = {}
        self._specs = {spec.slug: spec for spec in setup.suites}
        self._slug_of = {Path(spec.suite): spec.slug for spec in setup.suites}
        self._broken: dict[str, str] = {}
        self._reference = InProcess(None)
        self._seed = setup.seed
        self._sound: dict[str, bool] = {}
        self._shieldable: dict[str, bool] = {}
        self._said: dict[str, Transcript] = {}
        self._misconceptions = self._new_misconceptions()
        self._recordings: dict[str, list[Recording]] = {}
        # Of the job that runs: the mistakes that were named, and the words of its source.
        self._named: list[Diagnosis] = []
        self._words: set[str] = set()
        self._watch: Watch | None = None
        self._workers: Workers | None = None
        self._used = Used()
        self.ready = False

    # ---- hooks ----

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Take the place of the in-process submissions, and of their seed."""
        config.stash[submissions_key] = self

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a suite that cannot be collected."""
        if report.failed:
            path = Path(self._setup.root, report.nodeid.partition("::")[0])
            slug = self._slug_of.get(path)
            if slug is not None:
                self._broken[slug] = f"the suite {path.name} cannot be collected"
            print(report.longreprtext, file=sys.stderr)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Grade jobs until they end."""
        for item in session.items:
            slug = self._slug_of.get(item.path)
            if slug is not None and isinstance(item, pytest.Function):
                self._items.setdefault(slug, []).append(item)
        for slug in self._specs:
            if not self._items.get(slug):
                self._broken.setdefault(slug, "the suite has no check")
        self._take_seed(session.config, self._setup.seed)
        warnings.simplefilter("ignore")  # a warning never costs a point
        self._announce()
        for job in self._jobs:
            session.config.stash[passed_key].clear()
            self._take_seed(session.config, self._setup.seed if job.seed is None else job.seed)
            self._send(self._graded(job))
        return True

    def _graded(self, job: Job) -> ExerciseFinished:
        self._watch = Watch() if self._setup.watch else None
        self._used = Used()
        threads = torch.get_num_threads()
        if job.threads != 1:
            torch.set_num_threads(job.threads)
        try:
            result = self._grade(job)
        finally:
            if job.threads != 1:
                torch.set_num_threads(threads)
        return ExerciseFinished(
            result=result,
            cpu_s=self._used.cpu_s,
            memory_mib=self._used.memory_mib,
            observed=self._watch.observed() if self._watch is not None else None,
        )

    def _take_seed(self, config: pytest.Config, seed: int) -> None:
        """Draw the inputs from that seed from now on. What is known of the suites on others says nothing about it."""
        if seed != self._seed:
            self._sound.clear()
            self._recordings.clear()
            self._misconceptions = self._new_misconceptions()
        self._seed = config.stash[seed_key] = seed

    def _new_misconceptions(self) -> dict[str, Misconceptions]:
        return {
            spec.slug: Misconceptions(sorted(Path(spec.solution).parent.glob("wrong/*.py")))
            for spec in self._setup.suites
        }

    def _announce(self) -> None:
        environment = Environment(
            grader=grader.__version__,
            python=platform.python_version(),
            torch=str(torch.__version__),
            platform=platform.platform(terse=True),
        )
        plan = {
            slug: tuple(
                PlannedCheck(id=check_id(i), title=title(i), max_score=points(i)) for i in self._items.get(slug, ())
            )
            for slug in self._specs
        }
        self._zygote.wait_ready()
        self._send(
            Ready(
                isolation=self._zygote.isolation,
                environment=environment,
                seed=self._setup.seed,
                plan=plan,
                broken=self._broken,
            )
        )
        self.ready = True

    # ---- the source of the `submission` fixture ----

    def open(self, item: pytest.Item, *, cuda: bool | None) -> Any:
        """The submission under test, as a proxy; or the reference solution, when a check itself is in doubt."""
        if self._workers is None:
            return self._reference.open(item, cuda=cuda)
        client = self._workers.client(cuda)
        client.begin(seeds.worker_seed(self._seed, self._slug_of[item.path], check_id(item)))
        return client.root

    def close(self, item: pytest.Item) -> None:
        """The check is over."""
        if self._workers is None:
            self._reference.close(item)

    # ---- one exercise ----

    def _grade(self, job: Job) -> ExerciseResult:
        spec = self._specs[job.slug]
        items = self._items.get(job.slug, [])
        if job.slug in self._broken:
            problem = f"This exercise could not be graded: {self._broken[job.slug]}. Tell your instructor."
            return exercise_result(spec, job, (), Status.UNGRADED, problem=problem)
        if job.source is None:
            checks = tuple(skipped(item, "Not run: the file cannot be read.") for item in items)
            return exercise_result(spec, job, checks, Status.FAILED, problem=job.problem)
        evidence = Evidence(spec, job.source)
        self._said.clear()
        self._workers = Workers(self._zygote, spec, job, len(items), self._setup.timeout_s)
        done: dict[str, CheckResult] = {}
        self._named = []
        self._words = set(re.findall(r"[^\W\d]\w{0,40}", job.source))
        try:
            for item, following in zip(items, [*items[1:], None], strict=True):
                check = not_run(item, done, self._workers.import_problem) or self._check(item, following, spec)
                evidence.saw(check.id, self._workers.take_ran())
                done[item.name] = check
                self._send(CheckFinished(slug=job.slug, check=evidence.applied(check)))
        finally:
            # Fixtures of the module are still set up when the last check did not run.
            items[0].session._setupstate.teardown_exact(None)
            self._workers.close()
            self._used = self._workers.used()
            self._workers = None
        checks = tuple(evidence.applied(check) for check in done.values())
        diagnoses = evidence.diagnoses()
        if not evidence.takes_all:
            mistake = self._misconceptions[job.slug].recognise(tuple(done.values()), self._said, self._try)
            diagnoses = (*diagnoses, *([mistake] if mistake is not None else []), *self._named)
        return exercise_result(spec, job, checks, diagnoses=diagnoses, no_points=evidence.takes_all)

    def _try(self, file: Path, check: str) -> tuple[Outcome, Transcript | None]:
        """Run one check on one of the author's files, in a worker of its own."""
        slug = next(slug for slug, spec in self._specs.items() if file.is_relative_to(Path(spec.solution).parent))
        item = next(item for item in self._items[slug] if check_id(item) == check)
        try:
            job = Job(slug=slug, file=f"{slug}.py", sha256="", source=file.read_text("utf-8"))
        except (OSError, ValueError):
            return Outcome.INTERNAL_ERROR, None
        self._workers = Workers(self._zygote, self._specs[slug], job, 1, self._setup.timeout_s)
        try:
            feedback, _, _ = self._ask(item, None, self._workers)
            client = self._workers.current
            return feedback.outcome, client.recorder.transcript() if client is not None else None
        finally:
            self._workers.close()
            self._workers = None

    def _check(self, item: pytest.Function, following: pytest.Item | None, spec: SuiteSpec) -> CheckResult:
        workers = self._workers
        assert workers is not None
        started = time.perf_counter()
        feedback, call, output = self._ask(item, following, workers, watch=self._watch)
        if feedback.outcome is not Outcome.PASSED and workers.current is not None and not workers.current.channel.lost:
            transcript = workers.current.recorder.transcript()
            if transcript is not None:
                self._said[check_id(item)] = transcript
        if feedback.outcome is Outcome.CRASHED and (self._zygote.has_ended() or workers.was_killed()):
            # Whoever ended the zygote ended this worker with it, and an earlier submission may have killed it while it
            # waited. If it was this check, it will happen again.
            feedback, call, output = self._ask(item, following, workers)
        if feedback.outcome is Outcome.PASSED and workers.overwrote() and self._keeps_inputs(item, following):
            # Expected values that a suite computes after the call may come from what was written there.
            feedback, call, output = self._ask(item, following, workers, shielded=True)
            if feedback.outcome is not Outcome.PASSED:
                feedback = Feedback(outcome=Outcome.FAILED, message=_OVERWRITTEN)
        duration = time.perf_counter() - started
        if feedback.outcome in _DOUBTFUL and not self._is_sound(item, following):
            feedback = Feedback(outcome=Outcome.INTERNAL_ERROR, detail="it fails on the reference solution as well")
        if feedback.outcome is Outcome.INTERNAL_ERROR:
            print(f"{spec.slug}: {check_id(item)}: {feedback.detail}", file=sys.stderr)
            if self._watch is not None:
                self._watch.faults[check_id(item)] = feedback.detail
        self._diagnose(item, following, feedback)
        if feedback.outcome is Outcome.PASSED:
            item.config.stash[passed_key].add((item.path, item.name))
        result = check_result(item, feedback, duration, call, output)
        if self._watch is not None and feedback.outcome is not Outcome.PASSED:
            self._search(self._watch, item, following, result)
        return result

    def _search(self, watch: Watch, item: pytest.Function, following: pytest.Item | None, result: CheckResult) -> None:
        """Look for numbers of the suite in what the student will read of a check."""
        suspects = watch.suspects(result, self._named)
        if not suspects:
            return
        for run in (self._run_reference, self._ask_reference):
            with values_of(str(item.path)) as hidden:
                run(item, following)
            watch.shown += [
                Shown(check=result.id, number=", ".join(one.text for one in row))
                for row in suspects
                if hidden.have(row)
            ]

    def _ask(
        self,
        item: pytest.Function,
        following: pytest.Item | None,
        workers: Workers,
        *,
        shielded: bool = False,
        watch: Watch | None = None,
    ) -> tuple[Feedback, str, tuple[str, bool]]:
        """Run a check once: how it ended, the last call that it made, and what the student printed."""
        workers.start_check(shielded=shielded)
        with watch.watching() if watch is not None else contextlib.nullcontext():
            error = run_item(item, following)
        client = workers.current
        if watch is not None:
            said = client.recorder.transcript() if error is not None and client is not None else None
            watch.ended(check_id(item), error, str(item.path), said)
        feedback = Feedback(outcome=Outcome.PASSED)
        if error is not None or (client is not None and client.channel.lost is not None):
            feedback = explain(error or AssertionError(), client, workers.source)
        output = client.channel.take_output() if client is not None else ("", False)
        if workers.end_check():
            feedback = msgspec.structs.replace(feedback, about_import=True)
        return feedback, client.last_call if client is not None else "", output

    def _keeps_inputs(self, item: pytest.Function, following: pytest.Item | None) -> bool:
        """Whether the check can do without changes to the suite's tensors, as the reference solution shows.

        Asked only when a submission made such changes; remembered for the run. `opt.step()` cannot do without.
        """
        if item.nodeid not in self._shieldable:
            feedback = self._ask_reference(item, following, shielded=True)
            self._shieldable[item.nodeid] = feedback.outcome is Outcome.PASSED
        return self._shieldable[item.nodeid]

    def _ask_reference(
        self, item: pytest.Function, following: pytest.Item | None, *, shielded: bool = False
    ) -> Feedback:
        """Run a check on the reference solution in a worker of its own."""
        spec, kept = self._specs[self._slug_of[item.path]], self._workers
        path = Path(spec.solution)
        job = Job(slug=spec.slug, file=path.name, sha256="", source=path.read_text("utf-8"))
        self._workers = Workers(self._zygote, spec, job, 1, self._setup.timeout_s)
        try:
            feedback, _, _ = self._ask(item, following, self._workers, shielded=shielded)
        finally:
            self._workers.close()
            self._workers = kept
        return feedback

    def _is_sound(self, item: pytest.Function, following: pytest.Item | None) -> bool:
        """Whether the reference solution passes the check with the same inputs; remembered for the run."""
        name = item.nodeid
        if name not in self._sound:
            error = self._run_reference(item, following)
            if error is not None:
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            self._sound[name] = error is None
        return self._sound[name]

    def _run_reference(self, item: pytest.Function, following: pytest.Item | None) -> BaseException | None:
        """Run a check on the reference solution, in this process: the exception that it ends with, or None."""
        workers, self._workers = self._workers, None
        passed = item.config.stash[passed_key]
        before = set(passed)
        passed.update((item.path, other.name) for other in self._items[self._slug_of[item.path]])
        try:
            return run_item(item, following)
        finally:
            self._workers = workers
            passed.clear()
            passed.update(before)

    def _diagnose(self, item: pytest.Function, following: pytest.Item | None, feedback: Feedback) -> None:
        """Say which mistake turns what the check expected into what came back, where the numbers tell."""
        pair = feedback.compared
        if pair is None or feedback.outcome is not Outcome.FAILED:
            return
        recorded = self._recorded(item, following, pair)
        finding = diagnose(pair, recorded.context(pair, self._words) if recorded is not None else None)
        if finding is not None:
            self._named.append(
                Diagnosis(check=check_id(item), kind=DiagnosisKind.GRADIENT, name=finding.name, text=finding.text)
            )

    def _recorded(self, item: pytest.Function, following: pytest.Item | None, pair: Compared) -> Recording | None:
        """The check as it runs on the reference solution with the same inputs; remembered for the run."""
        kept = self._recordings.setdefault(item.nodeid, [])
        for known in kept:
            if known.place(pair) is not None:
                return known
        # In this process first, which is faster. Where the solution itself draws random numbers the suite gets other
        # ones then; beside a worker it gets the same.
        for run in (self._run_reference, self._ask_reference)[len(kept) :]:
            with recording(str(item.path)) as made:
                run(item, following)
            kept.append(made)
            if made.place(pair) is not None:
                return made
        return None
