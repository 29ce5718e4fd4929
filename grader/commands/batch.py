"""`grade batch SUBMISSIONS --out DIR`: grade what a class handed in, resumably, and write everything about it.

Files go into the gradebook first and are graded from there, so that a run which was stopped is continued by the same
command, and nothing is graded twice.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from grader import engine, policy
from grader.batch.keys import ClusterError
from grader.batch.run import Tally
from grader.batch.run import run as grade_waiting
from grader.batch.task import Spec, announce
from grader.classroom import Column, Empty, HandIn, Layout, Refused, Unmatched
from grader.commands.common import Exit, OurFault, course_for, exercise_for, say
from grader.commands.grade import kept_log
from grader.commands.pool import Grading, check_cluster, pool_for, spec_for
from grader.commands.publish import publish
from grader.course import Course, CourseError
from grader.gradebook import Gradebook, GradebookError
from grader.intake import IntakeError, check_place, read
from grader.report import words
from grader.report.words import count
from grader.submission import shown
from grader.text import clean_line

if TYPE_CHECKING:
    from rich.console import Console

LISTED = 5
WHY_MAX_CHARS = 400
TITLE_MAX_CHARS = 120
OUTDATED_LISTED = 3
_SHOWS = "grade regrade shows what that would change"
Item = HandIn | Unmatched | Refused | Empty


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
        _check_places(course, request)
        check_cluster(request.grading.cluster)
        rules = policy.load(course.root, (*course.slugs, *course.broken))
        try:
            request.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise click.UsageError(f"--out {shown(request.out)}: {error.strerror or error}") from error
        place = request.gradebook or str(request.out)
        with said_when_stopped(), Gradebook.open(place, create=True, seed=request.seed, backup=request.backup) as book:
            say_update(book)
            if request.seed is not None and book.seed != request.seed:
                raise click.UsageError(
                    f"--seed {request.seed}: this gradebook was begun with the seed {book.seed}, and all of a class "
                    "are graded with one; leave --seed out, or begin another gradebook"
                )
            return _grade_class(course, request, rules, book, out)
    return Exit.OUR_FAULT


def _check_places(course: Course, request: Request) -> None:
    """Before anything is made. Raises click.UsageError, or IntakeError for a download that is not there."""
    check_place(request.submissions)
    handed_in, out = request.submissions.resolve(), request.out.resolve()
    if course.root.resolve().is_relative_to(handed_in):
        raise click.UsageError(
            f"{shown(request.submissions)} is, or holds, the course itself; name the folder or the archive that was "
            "downloaded"
        )
    if request.out.exists() and not request.out.is_dir():
        raise click.UsageError(f"--out {shown(request.out)} is a file; name a folder")
    if out.is_relative_to(handed_in):
        raise click.UsageError(
            f"--out {shown(request.out)} is within what was handed in, and would be read as a student's work; "
            "name a folder beside it"
        )


class _Stopped(KeyboardInterrupt):
    """Ctrl-C, of which a line was said already."""


@contextlib.contextmanager
def said_when_stopped() -> Iterator[None]:
    """Ctrl-C gets a line at any moment, and one only."""
    try:
        yield
    except _Stopped:
        raise
    except KeyboardInterrupt:
        say("Stopped. What was graded is kept; the same command goes on from there.")
        raise


@contextlib.contextmanager
def told_plainly() -> Iterator[None]:
    """Errors that have one line to say become usage errors; those of the engine keep their log."""
    try:
        yield
    except (GradebookError, IntakeError, CourseError, engine.IsolationUnavailable) as error:
        raise click.UsageError(str(error)) from error
    except ClusterError as error:
        raise OurFault(str(error)) from error
    except engine.EngineError as error:
        raise OurFault(f"the grader failed: {error}{kept_log(error.log)}") from error


def say_update(book: Gradebook) -> None:
    """Say where the copy is, if opening the gradebook brought an older one up to date."""
    if book.backup is not None:
        say(f"The gradebook was brought up to date for this grader; as it was before it is in {shown(book.backup)}")


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
        total = sum(1 for _ in book.pending(digests)) + sum(1 for _ in book.retry_ungraded(digests=digests))
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
    say_faults(tally)
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
        raise _Stopped from None
    book.finish_run(run_id)
    return tally


def _take_in(course: Course, request: Request, book: Gradebook, out: Console) -> None:
    """Put what was handed in into the gradebook, and say what was found."""
    from grader.report import terminal

    refused, unmatched = _First(Refused), _First(Unmatched)
    with tempfile.TemporaryDirectory(prefix="grade-") as work, terminal.busy(out, "reading the submissions"):
        found = read(course, request.submissions, Path(work), Layout(request.layout) if request.layout else None)
        added = book.add(unmatched.of(refused.of(found.items())), origin=str(request.submissions.resolve()))
    for line in found.problems:
        say(line)
    files = f"{count(added.new, 'new file')}" + (f", {added.known:,} known already" if added.known else "")
    who = f"{words.LAYOUT[found.layout]}, {count(found.students, 'student')}"
    terminal.show_lines(out, [f"{shown(request.submissions)}: {who}; {files}"])
    for what, listed in (("refused", refused), ("of nobody or for no exercise", unmatched)):
        if listed.count:
            terminal.show_lines(out, [f"{listed.count:,} {what}:", *listed.lines])
        if listed.count > LISTED:
            terminal.show_lines(out, ["  ... all are listed on the class page"])
    if not added.new + added.known:
        other = f"is --layout {found.layout} right?" if request.layout else "is this the right download?"
        say(f"No file in it is for an exercise of this course, such as {course.slugs[0]}.py; {other}")


class _First:
    """Lines about the first few items of a kind that go by, and how many there were."""

    def __init__(self, kind: type[Refused | Unmatched]) -> None:
        self._kind = kind
        self.count = 0
        self.lines: list[str] = []

    def of(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items as they come."""
        for item in items:
            if isinstance(item, self._kind):
                self.count += 1
                if self.count <= LISTED:
                    self.lines.append(f"  {shown(Path(item.place))}: {clean_line(item.why, WHY_MAX_CHARS)}")
            yield item


def _summary(tally: Tally) -> str:
    if not tally.done:
        return "Nothing new to grade."
    # Equal files for one exercise are graded once, and count for everybody who handed them in.
    text = f"Graded {count(tally.done, 'different file')}: {tally.passed:,} with full marks, {tally.failed:,} without"
    return text + (f", {tally.ungraded:,} ungraded (run the command again to retry)." if tally.ungraded else ".")


def say_faults(tally: Tally) -> None:
    """Say what the grader failed at, so that it can be mended."""
    for fault in tally.faults[:LISTED]:
        say(f"a fault of the grader: {fault}")
    for (slug, title), amount in itertools.islice(tally.broken.items(), LISTED):
        check = clean_line(title, TITLE_MAX_CHARS)
        say(f'{slug}: the check "{check}" failed by itself on {count(amount, "file")}; grade check {slug} says why')


def _outdated(book: Gradebook, digests: dict[str, str]) -> list[str]:
    """What was graded with something else: of the exercise, or, then mostly in all exercises, the grader or torch."""
    found = book.outdated(digests)
    if not found:
        return []
    if len(found) > OUTDATED_LISTED:
        where = f"{count(sum(found.values()), 'grade')} in {len(found)} exercises"
        return [f"{where} are from before a change of exercises, grader, Python or torch; {_SHOWS}"]
    return [
        f"{slug}: {count(amount, 'grade')} from before a change of the exercise, the grader, Python or torch; {_SHOWS}"
        for slug, amount in found.items()
    ]
