"""Prove a course: every phase of every exercise, in an order that names the author's next step.

Sources are graded in two rounds, each with warm judges on all cores. The first has the course as it is: stubs,
reference solutions with several seeds, right and wrong files, null submissions. The second has a variant of it, in
which the checks are independent of each other: wrong files and mutants, for what each check finds by itself.
"""

from __future__ import annotations

import ast
import contextlib
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from grader import seeds
from grader.course import Course, Exercise
from grader.engine import Options
from grader.model import CheckResult, Outcome
from grader.proof.equivalent import FILE, EquivalentError, declaration
from grader.proof.findings import (
    GATES,
    ExerciseProof,
    Finding,
    Kills,
    Margin,
    Phase,
    PhaseResult,
    Proof,
    State,
)
from grader.proof.independent import depends
from grader.proof.interface import differences
from grader.proof.leaks import Hidden
from grader.proof.margins import close, margins, percent, summary, tight, times
from grader.proof.matrix import Matrix
from grader.proof.mutants import Mutant
from grader.proof.null import Null, nulls
from grader.proof.run import Candidate, Ending, Run, Runner, impatient, slowest
from grader.proof.score import candidates, mutants_of, score
from grader.proof.structure import broken, of_the_course, structure
from grader.proof.variant import as_it_is, turned

SEEDS = 8  # of the reference solution, with the course as it is
SEEDS_TURNED = 3  # and with its checks in the opposite order
SEEDS_RIGHT = 3  # of right files: whether they are near a tolerance
THREADS = 2
SEEDS_THREADS = 2  # of the reference solution, with so many threads

_WITH_MUTANTS = {Phase.CHECKS, Phase.MUTANTS, Phase.MARGINS}

Progress = Callable[[str, int, int], None]


def prove(
    course: Course,
    slugs: Sequence[str],
    *,
    phases: Collection[Phase] = tuple(Phase),
    mutate: bool = True,
    seed: int | None = None,
    engines: int | None = None,
    progress: Progress | None = None,
) -> Proof:
    """Run `phases` for the exercises (broken ones too) with these slugs.

    Gates that come before a phase are asked in any case, and shown where they have findings. Without `mutate` no
    mutant is made, and what needs them is not run. `progress(what, done, total)` is called in this thread.
    Raises `EngineError` when no judge can be started.
    """
    started = time.monotonic()
    chosen = seeds.fresh() if seed is None else seed
    work = _Work(course, slugs, phases, mutate, chosen, engines, progress)
    work.run()
    return Proof(
        seed=chosen,
        exercises=tuple(work.proof(slug) for slug in slugs),
        findings=tuple(of_the_course(course)),
        duration_s=time.monotonic() - started,
    )


class _Work:
    def __init__(
        self,
        course: Course,
        slugs: Sequence[str],
        phases: Collection[Phase],
        mutate: bool,
        seed: int,
        engines: int | None,
        progress: Progress | None,
    ) -> None:
        self.course, self.slugs, self.phases = course, slugs, set(phases)
        self.mutate, self.seed, self.engines = mutate, seed, engines
        self._progress = progress
        self.found: dict[str, dict[Phase, list[Finding]]] = {slug: defaultdict(list) for slug in slugs}
        self.about: dict[str, dict[Phase, str]] = {slug: {} for slug in slugs}
        self.ran: dict[str, set[Phase]] = {slug: set() for slug in slugs}
        self.seen: dict[str, list[Run]] = {slug: [] for slug in slugs}
        self.reference: dict[str, list[Run]] = {slug: [] for slug in slugs}
        self.right: dict[str, list[Run]] = {slug: [] for slug in slugs}
        self.mistakes: dict[str, list[Run]] = {slug: [] for slug in slugs}
        self.kills: dict[str, tuple[Kills, ...]] = {}
        self.margins: dict[str, tuple[Margin, ...]] = {}

    # ---- the order of things ----

    def run(self) -> None:
        self._structure()
        if not self.phases - {Phase.STRUCTURE}:
            return
        for exercise in self._sound(Phase.STRUCTURE):
            self._interface(exercise)
        first = self._sound(Phase.STRUCTURE)
        wanted = self.phases & {Phase.REFERENCE, *_WITH_MUTANTS}
        with tempfile.TemporaryDirectory(prefix="grade-check-") as folder:
            if first:
                with self._runner(as_it_is(self.course, Path(folder, "first")), first) as runner:
                    self._first_round(runner, first)
            second = self._sound(Phase.REFERENCE)
            if second and wanted:
                known = slowest(run for runs in self.reference.values() for run in runs)
                course = impatient(turned(self.course, Path(folder, "second")), known)
                with self._runner(course, second) as runner:
                    self._second_round(runner, second)
        for exercise in self._sound(Phase.REFERENCE):
            if Phase.MARGINS in self.phases:
                self._margins(exercise)
            if Phase.MESSAGES in self.phases:
                self._messages(exercise)

    def _first_round(self, runner: Runner, exercises: Sequence[Exercise]) -> None:
        self._stub_and_reference(runner, exercises)
        sound = [one for one in exercises if one in self._sound(Phase.REFERENCE)]
        tried: list[tuple[Phase, Exercise, str, Candidate, Null | None]] = []
        for exercise in sound:
            for phase, kind in ((Phase.RIGHT, "right"), (Phase.WRONG, "wrong")):
                for path in sorted((exercise.suite.parent / kind).glob("*.py")):
                    for number in range(SEEDS_RIGHT if phase is Phase.RIGHT else 1):
                        key, source = f"{kind}/{path.name}", path.read_text("utf-8")
                        candidate = self._candidate(exercise, source, key, self.seed + number)
                        tried.append((phase, exercise, self._shown(path), candidate, None))
            for null in self._nulls(exercise):
                candidate = self._candidate(exercise, null.source, null.name)
                tried.append((Phase.NULL, exercise, self._shown(exercise.suite), candidate, null))
        wanted = set(Phase) if Phase.MESSAGES in self.phases else set(self.phases)
        if Phase.MARGINS in wanted:
            wanted |= {Phase.RIGHT, Phase.WRONG}
        tried = [one for one in tried if one[0] in wanted]
        runs = self._grade(runner, [one[3] for one in tried], "right and wrong files")
        answered: dict[str, list[tuple[Null, Run]]] = defaultdict(list)
        for (phase, exercise, file, _, tested), run in zip(tried, runs, strict=True):
            self.seen[exercise.slug].append(run)
            match phase:
                case Phase.RIGHT:
                    self.right[exercise.slug].append(run)
                    self._right(exercise, file, run)
                case Phase.WRONG:
                    self.mistakes[exercise.slug].append(run)
                    self._wrong(exercise, file, run)
                case _:
                    assert tested is not None
                    answered[exercise.slug].append((tested, run))
        for exercise in sound:
            self._null(exercise, answered[exercise.slug])
            for phase in (Phase.RIGHT, Phase.WRONG, Phase.NULL):
                self.ran[exercise.slug].add(phase)
                keys = {one[3].key for one in tried if one[1] is exercise and one[0] is phase}
                self.about[exercise.slug][phase] = _count(len(keys), "submission" if phase is Phase.NULL else "file")

    def _second_round(self, runner: Runner, exercises: Sequence[Exercise]) -> None:
        tries = [
            self._candidate(exercise, exercise.solution.read_text("utf-8"), f"seed {number}", self.seed + number)
            for exercise in exercises
            for number in range(SEEDS_TURNED)
        ]
        for run in self._grade(runner, tries, "reference solutions, checks turned round"):
            self._turned(run)
        exercises = [one for one in exercises if one in self._sound(Phase.REFERENCE)]
        if not self.mutate or not self.phases & _WITH_MUTANTS:
            return
        made: dict[str, list[Mutant]] = {one.slug: mutants_of(one) for one in exercises}
        tries = []
        for exercise in exercises:
            tries += candidates(exercise.slug, made[exercise.slug])
            for path in sorted((exercise.suite.parent / "wrong").glob("*.py")):
                tries.append(self._candidate(exercise, path.read_text("utf-8"), f"wrong/{path.name}"))
        by_slug: dict[str, list[Run]] = defaultdict(list)
        for run in self._grade(runner, tries, "mutants"):
            by_slug[run.candidate.slug].append(run)
            self.seen[run.candidate.slug].append(run)
        for exercise in exercises:
            # Each mistake as every check sees it by itself.
            runs = self.mistakes[exercise.slug] = by_slug[exercise.slug]
            self._checks(exercise, [check.id for check in runner.plan[exercise.slug]][::-1], runs)
            self._mutants(exercise, made[exercise.slug], {run.candidate.key: run for run in runs})

    # ---- the phases ----

    def _structure(self) -> None:
        for slug in self.slugs:
            exercise = self.course.get(slug)
            found = structure(self.course, exercise) if exercise is not None else broken(self.course, slug)
            self.found[slug][Phase.STRUCTURE] += found
            self.ran[slug].add(Phase.STRUCTURE)

    def _interface(self, exercise: Exercise) -> None:
        stub, solution = (path.read_text("utf-8") for path in (exercise.stub, exercise.solution))
        for in_stub, line, text in differences(stub, solution):
            self._add(exercise, Phase.STUB, self._shown(exercise.stub if in_stub else exercise.solution), text, line)

    def _stub_and_reference(self, runner: Runner, exercises: Sequence[Exercise]) -> None:
        tries = []
        for exercise in exercises:
            tries.append(self._candidate(exercise, exercise.stub.read_text("utf-8"), "stub"))
            source = exercise.solution.read_text("utf-8")
            # Each seed twice: a check that then says something else disagrees with itself.
            numbers = [*range(SEEDS), *range(SEEDS)]
            tries += [self._candidate(exercise, source, f"seed {n}", self.seed + n) for n in numbers]
            tries += [
                self._candidate(exercise, source, f"seed {n}, {THREADS} threads", self.seed + n, THREADS)
                for n in range(SEEDS_THREADS)
            ]
        runs = self._grade(runner, tries, "stubs and reference solutions")
        ready = runner.ready
        each = 1 + 2 * SEEDS + SEEDS_THREADS
        for number, exercise in enumerate(exercises):
            stub, *reference = runs[each * number : each * (number + 1)]
            self.ran[exercise.slug] |= {Phase.STUB, Phase.REFERENCE}
            self.about[exercise.slug][Phase.REFERENCE] = f"{SEEDS} seeds, 1 and {THREADS} threads, both orders"
            if ready is not None and exercise.slug in ready.broken:
                self._add(
                    exercise,
                    Phase.STRUCTURE,
                    self._shown(exercise.suite),
                    f"{ready.broken[exercise.slug]}; see pytest --collect-only {self._shown(exercise.suite)}",
                )
                continue
            self._stub(exercise, stub)
            if not self.found[exercise.slug][Phase.STUB]:
                self._reference(exercise, reference)
            self.reference[exercise.slug] = reference
            self.seen[exercise.slug] += [stub, *reference]

    def _stub(self, exercise: Exercise, run: Run) -> None:
        if self.found[exercise.slug][Phase.STUB]:
            return  # what the solution has and the stub has not, the checks miss as well
        for check in run.result.checks:
            if check.outcome not in (Outcome.NOT_IMPLEMENTED, Outcome.SKIPPED):
                text = (
                    f"on the stub, {check.id} ends with {check.outcome} instead of not_implemented"
                    f"{_because(check)}; "
                    + (
                        "call the student's code in it"
                        if check.outcome is Outcome.PASSED
                        else "make the body of each function raise NotImplementedError, and nothing else"
                    )
                )
                place = exercise.suite if check.outcome is Outcome.PASSED else exercise.stub
                line = self._line(exercise, check.id) if check.outcome is Outcome.PASSED else 0
                self._add(exercise, Phase.STUB, self._shown(place), text, line)
                return

    def _reference(self, exercise: Exercise, runs: Sequence[Run]) -> None:
        fresh, again, threaded = runs[:SEEDS], runs[SEEDS : 2 * SEEDS], runs[2 * SEEDS :]
        for check in [one.id for one in fresh[0].result.checks]:
            ended = [_check(run, check) for run in fresh]
            repeated = [_check(run, check) for run in again]
            failed = [(run.candidate.seed, one) for run, one in zip(fresh, ended, strict=True) if not _passed(one)]
            other = [pair for pair in zip(ended, repeated, strict=True) if pair[0].outcome != pair[1].outcome]
            see = f"see pytest {self._shown(exercise.suite)} -k {check}"
            if other:
                once, twice = other[0]
                text = f"{check} disagrees with itself: with one seed it ends with {once.outcome}, then with "
                text += f"{twice.outcome}; let all that it draws come from torch, numpy or random, and keep nothing"
            elif len(failed) == len(fresh):
                text = f"the reference solution does not pass {check}{_because(ended[0])}; {see}"
            elif failed:
                seed, one = failed[0]
                text = f"{check} is flaky: the reference solution passes with some seeds and not with {len(failed)} "
                text += f"of {len(fresh)}{_because(one)}; {see} --suite-seed {seed}"
            elif bad := [one for one in (_check(run, check) for run in threaded) if not _passed(one)]:
                text = f"the reference solution passes {check} with one thread and not with {THREADS}"
                text += f"{_because(bad[0])}; sums in another order round otherwise: allow for it"
            else:
                continue
            self._add(exercise, Phase.REFERENCE, self._shown(exercise.suite), text, self._line(exercise, check))
        if all(run.ending is Ending.SURVIVED for run in runs) or self.found[exercise.slug][Phase.REFERENCE]:
            return
        lost = next(run.result for run in runs if run.ending is not Ending.SURVIVED)
        why = lost.diagnoses[0].text if lost.diagnoses else lost.problem or f"it gets {lost.score:g} points"
        text = f"the reference solution does not get full marks: {why}"
        self._add(exercise, Phase.REFERENCE, self._shown(exercise.solution), text)

    def _turned(self, run: Run) -> None:
        exercise = self._exercise(run)
        for check in run.result.checks:
            if not _passed(check) and not self.found[exercise.slug][Phase.REFERENCE]:
                text = (
                    f"{check.id} passes in its place and does not when the checks run in the opposite order; let "
                    "it make everything that it needs by itself"
                )
                self._add(exercise, Phase.REFERENCE, self._shown(exercise.suite), text, self._line(exercise, check.id))

    def _right(self, exercise: Exercise, file: str, run: Run) -> None:
        if run.ending is Ending.SURVIVED or any(one.file == file for one in self.found[exercise.slug][Phase.RIGHT]):
            return
        check = next((one for one in run.result.checks if not _passed(one)), None)
        text = f"gets {_points(run)} of a right file"
        if check is not None:
            text += f": {check.id} ends with {check.outcome}{_because(check)}"
        elif run.result.diagnoses:
            text += f": {run.result.diagnoses[0].text}"
        text += "; let the suite accept it, or move the file to wrong/"
        self._add(exercise, Phase.RIGHT, file, text)

    def _wrong(self, exercise: Exercise, file: str, run: Run) -> None:
        if not _docstring(run.candidate.source):
            text = "has no docstring; ask in it what would lead a student to the mistake, in one to three sentences"
            self._add(exercise, Phase.WRONG, file, text, 1)
        match run.ending:
            case Ending.SURVIVED:
                text = "gets full marks, though it is wrong; add a check that sees the mistake, or move it to right/"
            case Ending.INVALID:
                text = f"can't be imported{_because(run.result.checks[0])}; a check must be what finds the mistake"
            case Ending.UNGRADED:
                text = f"could not be graded: {_fault(run)}; let the suite end in an assertion of its own on it"
            case _:
                return
        self._add(exercise, Phase.WRONG, file, text)

    def _null(self, exercise: Exercise, tried: Sequence[tuple[Null, Run]]) -> None:
        over = [(null, run) for null, run in tried if _share(run) > null.allowed]
        if not over:
            return
        null, run = max(over, key=lambda one: _share(one[1]))
        passed = ", ".join(check.id for check in run.result.checks if check.score > 0)
        text = f"a submission that solves nothing by itself, {null.name}, gets {_points(run)} ({passed}); {null.advice}"
        if len(over) > 1:
            text += f" (so do {', '.join(one.name for one, _ in over if one is not null)})"
        self._add(exercise, Phase.NULL, self._shown(exercise.suite), text, detail=null.source)

    def _checks(self, exercise: Exercise, checks: Sequence[str], runs: Sequence[Run]) -> None:
        suite = exercise.suite.read_text("utf-8")
        needed = {name for names in depends(suite).values() for name in names}
        matrix = Matrix.of(checks, runs, needed)
        self.ran[exercise.slug].add(Phase.CHECKS)
        self.about[exercise.slug][Phase.CHECKS] = _count(len(checks), "check")
        self.kills[exercise.slug] = tuple(
            Kills(check=check, killed=len(killed), only_here=tuple(sorted(matrix.only_by(check))))
            for check, killed in matrix.kills.items()
        )
        for check in matrix.idle:
            text = f"{check} finds none of the wrong files and mutants, so that it may be unable to fail; "
            text += "add the mistake that it is there for to wrong/, or take the check away"
            self._add(exercise, Phase.CHECKS, self._shown(exercise.suite), text, self._line(exercise, check))
        for check in matrix.redundant:
            text = f"{check} finds nothing that the other checks do not find as well"
            self._add(exercise, Phase.CHECKS, self._shown(exercise.suite), text, self._line(exercise, check), note=True)

    def _mutants(self, exercise: Exercise, made: Sequence[Mutant], runs: Mapping[str, Run]) -> None:
        declared_in = self._shown(exercise.suite.parent / FILE)
        self.ran[exercise.slug].add(Phase.MUTANTS)
        try:
            found = score(exercise, made, runs)
        except EquivalentError as error:
            self._add(exercise, Phase.MUTANTS, declared_in, str(error))
            return
        self.about[exercise.slug][Phase.MUTANTS] = (
            f"{len(found.killed) + len(found.wrongly_declared)} of {_count(found.total, 'mutant')} killed, "
            f"{len(found.equivalent)} equivalent"
        )
        solution = self._shown(exercise.solution)
        for mutant in found.survived:
            where = f" in {mutant.scope}" if mutant.scope else ""
            text = f"a mutant{where} gets full marks ({mutant.operator}); add a check that sees it, or declare it in "
            text += f"{FILE} with the reason why none could"
            detail = f"{mutant.diff}\n{declaration(mutant)}"
            self._add(exercise, Phase.MUTANTS, solution, text, mutant.line, detail=detail)
        for mutant in found.wrongly_declared:
            kills = ", ".join(runs[f"mutant {mutant.id}"].kills)
            text = f"a mutant is declared equivalent, and {kills or 'the suite'} finds it; take the declaration away"
            self._add(exercise, Phase.MUTANTS, declared_in, text, detail=mutant.diff)
        for mutant in found.ungraded:
            text = f"a mutant could not be graded: {_fault(runs[f'mutant {mutant.id}'])}; let the suite end in an "
            text += "assertion of its own on it"
            self._add(exercise, Phase.MUTANTS, solution, text, mutant.line, detail=mutant.diff)
        if any(reason.startswith("TODO") for reason in found.declared.reasons.values()):
            text = "a reason is still TODO; say why no check could see this change"
            self._add(exercise, Phase.MUTANTS, declared_in, text)
        for change in found.declared.stale:
            text = "a change is declared that no mutant makes any more; take it away"
            self._add(exercise, Phase.MUTANTS, declared_in, text, detail=change)
        for change in found.declared.twice:
            text = "a change is declared twice; take one away"
            self._add(exercise, Phase.MUTANTS, declared_in, text, detail=change)

    def _margins(self, exercise: Exercise) -> None:
        mistakes = self.mistakes[exercise.slug]
        checks = list(dict.fromkeys(check.id for run in self.reference[exercise.slug] for check in run.result.checks))
        found = margins(checks, self.reference[exercise.slug], self.right[exercise.slug], mistakes)
        self.ran[exercise.slug].add(Phase.MARGINS)
        self.margins[exercise.slug] = found
        self.about[exercise.slug][Phase.MARGINS] = summary(found)
        suite = self._shown(exercise.suite)
        for margin, share, file in tight(found):
            text = (
                f"{file or 'the reference solution'} uses {percent(share)} of a tolerance in {margin.check}, so that "
            )
            text += "right answers may fail there by chance; allow more, or draw inputs that round less"
            self._add(exercise, Phase.MARGINS, suite, text, self._line(exercise, margin.check))
        for run, check, share in close(mistakes):
            text = f"{run.candidate.key} is only {times(share)} the tolerance away in {check}, which sees it best, so "
            text += "that it may get through by chance; allow less, or draw inputs on which it does more"
            self._add(exercise, Phase.MARGINS, suite, text, self._line(exercise, check))

    def _messages(self, exercise: Exercise) -> None:
        hidden = Hidden(self.course, exercise)
        told: set[tuple[str, str]] = set()
        self.ran[exercise.slug].add(Phase.MESSAGES)
        self.about[exercise.slug][Phase.MESSAGES] = _count(len(self.seen[exercise.slug]), "submission")
        for run in self.seen[exercise.slug]:
            found = hidden.shown(run.result, run.candidate.source)
            for number in run.observed.shown:
                # The constants of the source have been looked for already, with their line.
                constant = any(one[0] == number.check and one[3].startswith("the number") for one in found)
                if not constant and not hidden.is_public(number.number):
                    found.append((number.check, "", 0, f"the number {number.number} of a tensor of the suite"))
            for check, file, line, what in found:
                kind = "number" if what.startswith("the number") else what
                if (check, kind) in told:
                    continue
                told.add((check, kind))
                text = f"{check or 'the result'} shows students {what} (on {run.candidate.key}); "
                if kind == "number":
                    text += "say what is wrong with the answer and not what is right, or put it into the statement"
                else:
                    text += "give the assertion a text of its own"
                place = file or self._shown(exercise.suite)
                self._add(exercise, Phase.MESSAGES, place, text, line or self._line(exercise, check))

    # ---- what they share ----

    def proof(self, slug: str) -> ExerciseProof:
        """What was found of one exercise."""
        results = []
        blocked: Phase | None = None
        for phase in Phase:
            found = self.found[slug][phase]
            findings = tuple(one for one in found if not one.note)
            wanted = phase in self.phases or (phase in GATES and bool(findings))
            if blocked is not None:
                if wanted:
                    results.append(PhaseResult(phase=phase, state=State.NOT_RUN, about=f"after {blocked} is clean"))
                continue
            if phase in GATES and findings:
                blocked = phase
            if not wanted:
                continue
            if phase not in self.ran[slug]:
                results.append(PhaseResult(phase=phase, state=State.NOT_RUN, about="left out, without mutants"))
                continue
            results.append(
                PhaseResult(
                    phase=phase,
                    state=State.FINDINGS if findings else State.CLEAN,
                    about=self.about[slug].get(phase, ""),
                    findings=findings,
                    notes=tuple(one for one in found if one.note),
                    kills=self.kills.get(slug, ()) if phase is Phase.CHECKS else (),
                    margins=self.margins.get(slug, ()) if phase is Phase.MARGINS else (),
                )
            )
        return ExerciseProof(slug=slug, phases=tuple(results))

    def _sound(self, up_to: Phase) -> list[Exercise]:
        gates = GATES[: GATES.index(up_to) + 1]
        loaded = [exercise for slug in self.slugs if (exercise := self.course.get(slug)) is not None]
        return [one for one in loaded if not any(self.found[one.slug][gate] for gate in gates)]

    def _runner(self, course: Course, exercises: Sequence[Exercise]) -> Runner:
        return Runner(
            course, [one.slug for one in exercises], Options(seed=self.seed, watch=True), engines=self.engines
        )

    def _grade(self, runner: Runner, tries: Sequence[Candidate], what: str) -> list[Run]:
        progress = self._progress
        if progress is None:
            return runner.run(tries)
        progress(what, 0, len(tries))
        return runner.run(tries, lambda _, done, total: progress(what, done, total))

    def _nulls(self, exercise: Exercise) -> list[Null]:
        names = exercise.forbidden.names
        costs_all = exercise.forbidden.if_written == "exercise"
        with contextlib.suppress(SyntaxError, ValueError):
            return nulls(exercise.stub.read_text("utf-8"), names, forbidden_costs_all=costs_all)
        return []

    def _candidate(
        self, exercise: Exercise, source: str, key: str, seed: int | None = None, threads: int = 1
    ) -> Candidate:
        return Candidate(slug=exercise.slug, key=key, source=source, seed=seed, threads=threads)

    def _exercise(self, run: Run) -> Exercise:
        exercise = self.course.get(run.candidate.slug)
        assert exercise is not None
        return exercise

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.course.root).as_posix()

    def _line(self, exercise: Exercise, check: str) -> int:
        name = check.partition("[")[0]
        lines = exercise.suite.read_text("utf-8").splitlines()
        return next((n for n, line in enumerate(lines, 1) if name and line.lstrip().startswith(f"def {name}(")), 0)

    def _add(
        self,
        exercise: Exercise,
        phase: Phase,
        file: str,
        text: str,
        line: int = 0,
        *,
        detail: str = "",
        note: bool = False,
    ) -> None:
        finding = Finding(
            exercise=exercise.slug,
            phase=phase,
            file=file,
            line=line,
            text=" ".join(text.split()),
            detail=detail,
            note=note,
        )
        self.found[exercise.slug][phase].append(finding)


def _passed(check: CheckResult) -> bool:
    return check.outcome is Outcome.PASSED


def _check(run: Run, check: str) -> CheckResult:
    return next(one for one in run.result.checks if one.id == check)


def _because(check: CheckResult) -> str:
    text = " ".join(check.message.split())
    return f" ({text.rstrip('.')})" if text and check.outcome is not Outcome.INTERNAL_ERROR else ""


def _fault(run: Run) -> str:
    for check, why in run.observed.faults.items():
        return f"in {check}, {why.rstrip('.')}"
    return run.result.problem.partition(". Tell your")[0].rstrip(".")


def _docstring(source: str) -> str:
    try:
        return ast.get_docstring(ast.parse(source)) or ""
    except (SyntaxError, ValueError):
        return ""


def _share(run: Run) -> float:
    return run.result.score / run.result.max_score if run.result.max_score else 0.0


def _points(run: Run) -> str:
    return f"{run.result.score:g} of {run.result.max_score:g} points"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
