"""`grade batch SUBMISSIONS --out DIR`: grade what a class handed in, resumably, and write everything about it.

Files go into the gradebook first and are graded from there, so that a run which was stopped is continued by the same
command, and nothing is graded twice.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from grader import engine, policy
from grader.batch.run import Tally
from grader.batch.run import run as grade_waiting
from grader.batch.task import Spec, announce
from grader.classroom import Column, Layout
from grader.commands.common import Exit, OurFault, course_for, exercise_for, say
from grader.commands.grade import kept_log
from grader.commands.pool import Grading, pool_for, spec_for
from grader.commands.publish import publish
from grader.course import Course, CourseError
from grader.gradebook import Gradebook, GradebookError
from grader.intake import IntakeError, read
from grader.report import words
from grader.report.words import count
from grader.submission import shown

if TYPE_CHECKING:
    from rich.console import Console

LISTED = 5


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    submissions: Path
    out: Path
    grading: Grading
    gradebook: str | None = None
    layout: str | None = None
    only: tuple[str, ...] = ()
    seed: int | None = None
    reports: bool = True
    backup: bool = True


def run(request: Request) -> Exit:
    """Grade a class. Raises click.UsageError for what can't be asked for; everything else ends in an exit code."""
    from grader.report import terminal

    course = course_for((), request.grading.course)
    for line in course.problems:
        say(line)
    for slug in request.only:
        exercise_for(course, slug)
    out = terminal.console()
    with told_plainly():
        rules = policy.load(course.root, (*course.slugs, *course.broken))
        try:
            request.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise click.UsageError(f"--out {shown(request.out)}: {error.strerror or error}") from error
        place = request.gradebook or str(request.out)
        with Gradebook.open(place, create=True, seed=request.seed, backup=request.backup) as book:
            if request.seed is not None and book.seed != request.seed:
                raise click.UsageError(
                    f"--seed {request.seed}: this gradebook was begun with the seed {book.seed}, and all of a class "
                    "are graded with one; leave --seed out, or begin another gradebook"
                )
            return _grade_class(course, request, rules, book, out)
    return Exit.OUR_FAULT


@contextlib.contextmanager
def told_plainly() -> Iterator[None]:
    """Errors that have one line to say become usage errors; those of the engine keep their log."""
    try:
        yield
    except (GradebookError, IntakeError, CourseError, engine.IsolationUnavailable) as error:
        raise click.UsageError(str(error)) from error
    except engine.EngineError as error:
        raise OurFault(f"the grader failed: {error}{kept_log(error.log)}") from error


def columns_for(course: Course, ready: engine.Ready, rules: policy.Policy) -> tuple[Column, ...]:
    """The columns of the class table: what each exercise is worth, and how it counts."""
    columns = []
    for exercise in course.exercises:
        checks = ready.plan.get(exercise.slug, ())
        columns.append(
            Column(
                slug=exercise.slug,
                title=exercise.title,
                chapter=exercise.chapter,
                max_score=sum(check.max_score for check in checks),
                checks=tuple((check.id, check.title, check.max_score) for check in checks),
            )
        )
    return rules.fill(columns)


def _grade_class(course: Course, request: Request, rules: policy.Policy, book: Gradebook, out: Console) -> Exit:
    from grader.report import terminal

    spec = spec_for(course, request.grading, book.seed)
    digests = {slug: spec.digests[slug] for slug in (request.only or course.slugs)}
    known = tuple(column.slug for column in book.columns) == course.slugs
    tally, total = Tally(), 0
    with contextlib.ExitStack() as stack:
        warm = None
        if not known:
            pool = stack.enter_context(pool_for(request.grading))
            warm = pool.submit(announce, spec)  # it starts while the submissions are read
        _take_in(course, request, book, out)
        total = sum(1 for _ in book.pending(digests)) + sum(1 for _ in book.retry_ungraded(-1, digests))
        if total or warm is not None:
            if warm is None:
                pool = stack.enter_context(pool_for(request.grading))
                warm = pool.submit(announce, spec)
            ready = warm.result()
            book.set_course(rules.title, columns_for(course, ready, rules), rules)
            tally = _grade_waiting(course, book, pool, pool.in_flight, spec, digests, ready, total, out)
        else:
            book.set_course(rules.title, rules.fill(book.columns), rules)
    terminal.show_lines(out, [_summary(tally), *_outdated(book, digests)])
    for fault in tally.faults[:LISTED]:
        say(f"a fault of the grader: {fault}")
    written = not request.reports or publish(book, request.out, out)
    terminal.show_lines(out, [f"Gradebook: {book.place}"])
    return Exit.OUR_FAULT if tally.ungraded or not written else Exit.FULL_MARKS


def _grade_waiting(
    course: Course,
    book: Gradebook,
    pool: Executor,
    in_flight: int,
    spec: Spec,
    digests: dict[str, str],
    ready: engine.Ready,
    total: int,
    out: Console,
) -> Tally:
    """Grade what waits, and once more what an earlier run could not grade."""
    from grader.report.batch import display

    tally = Tally()
    run_id = book.start_run("batch", ready.isolation.level.value, ready.environment)
    again = list(book.retry_ungraded(run_id, digests))
    try:
        with display(out, total) as show:

            def told(so_far: Tally) -> None:
                nonlocal tally
                tally = so_far
                show(so_far.done, so_far.failed, so_far.ungraded)

            waiting = itertools.chain(again, book.pending(digests))
            tally = grade_waiting(book, pool, course, spec, waiting, in_flight=in_flight, told=told)
    except KeyboardInterrupt:
        say(f"Stopped: {tally.done:,} of {total:,} graded and kept; the same command goes on from there.")
        raise
    book.finish_run(run_id)
    return tally


def _take_in(course: Course, request: Request, book: Gradebook, out: Console) -> None:
    """Put what was handed in into the gradebook, and say what was found."""
    from grader.report import terminal

    with tempfile.TemporaryDirectory(prefix="grade-") as work, terminal.busy(out, "reading the submissions"):
        found = read(course, request.submissions, Path(work), Layout(request.layout) if request.layout else None)
        added = book.add(found.items(), origin=str(request.submissions.resolve()))
    for line in found.problems:
        say(line)
    files = f"{count(added.new, 'new file')}" + (f", {added.known:,} known already" if added.known else "")
    who = f"{words.LAYOUT[found.layout]}, {count(found.students, 'student')}"
    terminal.show_lines(out, [f"{shown(request.submissions)}: {who}; {files}"])
    for amount, what, items in (
        (added.refused, "refused", ((one.place, one.why) for one in book.refused())),
        (added.unmatched, "for no exercise", ((one.place, one.why) for one in book.unmatched())),
    ):
        if amount:
            terminal.show_lines(out, [f"{amount:,} {what}:"])
            for number, (place, why) in enumerate(items):
                if number == LISTED:
                    terminal.show_lines(out, ["  ... all are listed on the class page"])
                    break
                terminal.show_lines(out, [f"  {shown(Path(place))}: {why}"])


def _summary(tally: Tally) -> str:
    if not tally.done:
        return "Nothing new to grade."
    # Equal files for one exercise are graded once, and count for everybody who handed them in.
    text = f"Graded {count(tally.done, 'different file')}: {tally.passed:,} with full marks, {tally.failed:,} without"
    return text + (f", {tally.ungraded:,} ungraded (run the command again to retry)." if tally.ungraded else ".")


def _outdated(book: Gradebook, digests: dict[str, str]) -> list[str]:
    return [
        f"{slug}: the exercise has changed since {count(amount, 'file')} were graded; grade regrade shows what "
        "that would change"
        for slug, amount in book.outdated(digests).items()
    ]
