"""One pytest session for all submissions.

pytest collects every suite once. Then, instead of running the items once, the judge runs those of an exercise again
for each job. pytest's own reports are not made: an exception is turned into feedback directly, and nothing of the
suite's source or values is ever formatted.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import platform
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
from grader import forbidden, seeds
from grader.judge.channel import Channel
from grader.judge.client import Client
from grader.judge.feedback import Feedback, Source, explain
from grader.judge.messages import (
    CheckFinished,
    Event,
    ExerciseFinished,
    Failed,
    Job,
    PlannedCheck,
    Ready,
    Setup,
    SuiteSpec,
)
from grader.model import (
    CheckResult,
    Diagnosis,
    Environment,
    ExerciseResult,
    Limits,
    Outcome,
    Status,
    SubmissionFile,
)
from grader.pytest_plugin import InProcess, dependencies, passed_key, seed_key, submissions_key
from grader.sandbox import Worker, Zygote

# Outcomes that the submission may not be the cause of: the check is tried on the reference solution as well.
_DOUBTFUL = {Outcome.FAILED, Outcome.RAISED, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY, Outcome.CRASHED}


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
        self._sound: dict[str, bool] = {}
        self._shieldable: dict[str, bool] = {}
        self._workers: Workers | None = None
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
        session.config.stash[seed_key] = self._setup.seed
        warnings.simplefilter("ignore")  # a warning never costs a point
        self._announce()
        for job in self._jobs:
            session.config.stash[passed_key].clear()
            self._send(ExerciseFinished(result=self._grade(job)))
        return True

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
        client.begin(seeds.worker_seed(self._setup.seed, self._slug_of[item.path], check_id(item)))
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
            return _result(spec, job, (), Status.UNGRADED, problem=problem)
        if job.source is None:
            checks = tuple(_skipped(item, "Not run: the file cannot be read.") for item in items)
            return _result(spec, job, checks, Status.FAILED, problem=job.problem)
        diagnoses = tuple(
            forbidden.findings(job.source, spec.forbidden, spec.instead, required=spec.required)
            if spec.forbidden
            else ()
        )
        self._workers = Workers(self._zygote, spec, job, len(items), self._setup.timeout_s)
        done: dict[str, CheckResult] = {}
        try:
            for item, following in zip(items, [*items[1:], None], strict=True):
                check = _not_run(item, done, self._workers.import_problem) or self._check(item, following, spec)
                if diagnoses:
                    check = without_points(check)
                done[item.name] = check
                self._send(CheckFinished(slug=job.slug, check=check))
        finally:
            # Fixtures of the module are still set up when the last check did not run.
            items[0].session._setupstate.teardown_exact(None)
            self._workers.close()
            self._workers = None
        return _result(spec, job, tuple(done.values()), diagnoses=diagnoses)

    def _check(self, item: pytest.Function, following: pytest.Item | None, spec: SuiteSpec) -> CheckResult:
        workers = self._workers
        assert workers is not None
        started = time.perf_counter()
        feedback, call, output = self._ask(item, following, workers)
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
        if feedback.outcome is Outcome.PASSED:
            item.config.stash[passed_key].add((item.path, item.name))
        return _check_result(item, feedback, duration, call, output)

    def _ask(
        self, item: pytest.Function, following: pytest.Item | None, workers: Workers, *, shielded: bool = False
    ) -> tuple[Feedback, str, tuple[str, bool]]:
        """Run a check once: how it ended, the last call that it made, and what the student printed."""
        workers.start_check(shielded=shielded)
        error = run_item(item, following)
        client = workers.current
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
            spec, kept = self._specs[self._slug_of[item.path]], self._workers
            path = Path(spec.solution)
            job = Job(slug=spec.slug, file=path.name, sha256="", source=path.read_text("utf-8"))
            self._workers = Workers(self._zygote, spec, job, 1, self._setup.timeout_s)
            try:
                feedback, _, _ = self._ask(item, following, self._workers, shielded=True)
            finally:
                self._workers.close()
                self._workers = kept
            self._shieldable[item.nodeid] = feedback.outcome is Outcome.PASSED
        return self._shieldable[item.nodeid]

    def _is_sound(self, item: pytest.Function, following: pytest.Item | None) -> bool:
        """Whether the reference solution passes the check with the same inputs; remembered for the run."""
        name = item.nodeid
        if name not in self._sound:
            workers, self._workers = self._workers, None
            passed = item.config.stash[passed_key]
            before = set(passed)
            passed.update((item.path, other.name) for other in self._items[self._slug_of[item.path]])
            try:
                error = run_item(item, following)
            finally:
                self._workers = workers
                passed.clear()
                passed.update(before)
            if error is not None:
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            self._sound[name] = error is None
        return self._sound[name]


class Workers:
    """The workers that one submission gets: one for all checks, as long as it is not lost."""

    def __init__(self, zygote: Zygote, spec: SuiteSpec, job: Job, checks: int, timeout_s: float | None) -> None:
        assert job.source is not None
        self._zygote = zygote
        self._spec = spec
        self._job = job
        self._limits: Limits = spec.limits
        self._wall_s = timeout_s if timeout_s is not None else spec.limits.wall_s
        self._cpu_s = max(self._limits.cpu_s, timeout_s or 0.0) * checks
        self._kept: tuple[Worker, Client] | None = None
        self._extra: Worker | None = None
        self.source = Source(job.file, tuple(job.source.splitlines()))
        self.current: Client | None = None
        self.import_problem = ""
        self._importing = False
        self._shielded = False

    def was_killed(self) -> bool:
        """Whether the worker of the check that just ran was killed by another process, or by itself."""
        lost = self.current.channel.lost if self.current is not None else None
        return lost is not None and lost.killed

    def overwrote(self) -> bool:
        """Whether the check that just ran saw student code change a tensor of the suite."""
        return self.current is not None and self.current.overwrote

    def start_check(self, *, shielded: bool = False) -> None:
        """A check begins: its clock starts when it asks for the submission. See `Client.shielded`."""
        self.current = None
        self._shielded = shielded
        self._importing = False
        self.import_problem = ""

    def client(self, cuda: bool | None) -> Client:
        """A client for the check that runs now; `cuda` gives it a worker of its own that is told so."""
        if cuda is None and self._kept is not None and self._kept[1].channel.lost is None:
            self.current = self._kept[1]
            self.current.channel.start_clock(self._wall_s)
            self.current.shielded = self._shielded
            return self.current
        worker = self._zygote.take()
        channel = Channel(worker, output_kib=self._limits.output_kib)
        client = self.current = Client(channel)
        client.shielded = self._shielded
        channel.start_clock(self._wall_s)
        if cuda is None:
            self._kept = (worker, client)
        else:
            self._extra = worker
        self._importing = True
        assert self._job.source is not None
        name = self._job.file.removesuffix(".py")
        client.load(self._job.source, self._job.file, name, cuda=cuda, limits=self._limits, cpu_s=self._cpu_s)
        self._importing = False
        return client

    def end_check(self) -> bool:
        """A check has ended. Returns whether that was while importing; then the others need not try."""
        if self._extra is not None:
            self._extra.kill()
            self._extra = None
        if self._importing:
            self.import_problem = "Not run: your file could not be imported."
        return self._importing

    def close(self) -> None:
        """End the workers."""
        if self._kept is not None:
            self._kept[0].kill()
        if self._extra is not None:
            self._extra.kill()


def run_item(item: pytest.Function, following: pytest.Item | None) -> BaseException | None:
    """Run one item as pytest does, without its reports; the exception that it ended with, or None."""
    item._initrequest()
    hook = item.ihook
    error: BaseException | None = None
    try:
        hook.pytest_runtest_setup(item=item)
        hook.pytest_runtest_call(item=item)
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # noqa: BLE001  outcomes of pytest are not Exceptions
        error = problem
    try:
        hook.pytest_runtest_teardown(item=item, nextitem=following)
    except Exception as problem:  # noqa: BLE001
        error = error or problem
    item.funcargs.clear()
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        # pytest leaves them for a debugger; they would keep a whole check's tensors alive.
        with contextlib.suppress(AttributeError):
            delattr(sys, name)
    return error


def check_id(item: pytest.Item) -> str:
    """The name of a check within its suite."""
    return item.nodeid.partition("::")[2]


def title(item: pytest.Function) -> str:
    """What students read: the first paragraph of the docstring, or else the name."""
    doc = inspect.getdoc(item.obj)
    if doc:
        return " ".join(doc.partition("\n\n")[0].split())
    return item.originalname.removeprefix("test_").replace("_", " ")


def points(item: pytest.Item) -> float:
    """What a check is worth."""
    mark = item.get_closest_marker("points")
    return float(mark.args[0]) if mark is not None else 1.0


def _hint(item: pytest.Item) -> str:
    mark = item.get_closest_marker("hint")
    return str(mark.args[0]) if mark is not None else ""


def _check_result(
    item: pytest.Function, feedback: Feedback, duration: float, call: str, output: tuple[str, bool]
) -> CheckResult:
    worth = points(item)
    passed = feedback.outcome is Outcome.PASSED
    message = feedback.message
    if feedback.outcome is Outcome.INTERNAL_ERROR:
        message = "This check could not be graded; that is no fault of yours. Tell your instructor."
    helped = feedback.outcome in (Outcome.FAILED, Outcome.RAISED) and not feedback.about_import
    return CheckResult(
        id=check_id(item),
        title=title(item),
        outcome=feedback.outcome,
        score=worth if passed else 0.0,
        max_score=worth,
        message=message,
        hint=(feedback.hint or _hint(item)) if helped else "",
        duration_s=duration,
        call="" if passed or feedback.outcome is Outcome.SKIPPED else call,
        got=feedback.got,
        expected=feedback.expected,
        frames=feedback.frames,
        output=output[0],
        output_cut=output[1],
        figure=feedback.figure,
    )


def _not_run(item: pytest.Function, done: dict[str, CheckResult], import_problem: str) -> CheckResult | None:
    """The result of a check that needs something that is not there, or None when it can run."""
    if import_problem:
        return _skipped(item, import_problem)
    for name in dependencies(item):
        needed = done.get(name)
        if needed is None or needed.outcome is Outcome.PASSED:
            continue
        why = f"Not run: it builds on \u201c{needed.title}\u201d."
        if needed.outcome is Outcome.NOT_IMPLEMENTED:
            # What builds on something unwritten is unwritten too.
            return _check_result(item, Feedback(outcome=Outcome.NOT_IMPLEMENTED, message=why), 0.0, "", ("", False))
        return _skipped(item, why)
    return None


def _skipped(item: pytest.Function, why: str) -> CheckResult:
    return _check_result(item, Feedback(outcome=Outcome.SKIPPED, message=why), 0.0, "", ("", False))


def without_points(check: CheckResult) -> CheckResult:
    """The same check, worth nothing: what was asked for was not written but called."""
    return msgspec.structs.replace(check, score=0.0)


def _result(
    spec: SuiteSpec,
    job: Job,
    checks: tuple[CheckResult, ...],
    status: Status | None = None,
    *,
    diagnoses: tuple[Diagnosis, ...] = (),
    problem: str = "",
) -> ExerciseResult:
    score, worth = sum(c.score for c in checks), sum(c.max_score for c in checks)
    outcomes = {check.outcome for check in checks}
    if status is None:
        if Outcome.INTERNAL_ERROR in outcomes:
            status = Status.UNGRADED
            problem = problem or "This exercise could not be graded; that is no fault of yours. Tell your instructor."
        elif outcomes <= {Outcome.NOT_IMPLEMENTED, Outcome.SKIPPED}:
            status = Status.NOT_ATTEMPTED if Outcome.NOT_IMPLEMENTED in outcomes else Status.FAILED
        else:
            status = Status.PASSED if score == worth and not diagnoses else Status.FAILED
    if diagnoses and not problem:
        problem = "No points: this exercise asks you to write what the file takes ready-made from torch."
    return ExerciseResult(
        slug=spec.slug,
        title=spec.title,
        chapter=spec.chapter,
        status=status,
        score=0.0 if status is Status.UNGRADED else score,
        max_score=worth,
        submission=SubmissionFile(file=job.file, sha256=job.sha256),
        checks=checks,
        diagnoses=diagnoses,
        problem=problem,
    )
