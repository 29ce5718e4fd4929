"""`grade regrade`: after an exercise was changed, grade again beside the old grades, and show who gains and loses."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from grader import policy
from grader.batch.run import Tally
from grader.batch.run import run as grade_waiting
from grader.batch.task import announce
from grader.commands.batch import columns_for, told_plainly
from grader.commands.common import Exit, course_for, exercise_for, say
from grader.commands.pool import Grading, pool_for, spec_for
from grader.commands.publish import publish
from grader.files import write_atomically
from grader.gradebook import Change, Gradebook
from grader.model import Status
from grader.report import words
from grader.report.words import count
from grader.submission import shown
from grader.text import clean_line

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = 40
FLIPS_SHOWN = 4
NAME_MAX_CHARS = 40


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    gradebook: str
    grading: Grading
    only: tuple[str, ...] = ()
    accept: bool = False
    who: str = ""
    json: Path | None = None


def run(request: Request) -> Exit:
    """Grade again what an exercise's change concerns. Nothing counts before it is accepted."""
    from grader.report import terminal

    course = course_for((), request.grading.course)
    for slug in request.only:
        exercise_for(course, slug)
    out = terminal.console()
    with told_plainly(), Gradebook.open(request.gradebook) as book:
        rules = policy.load(course.root, (*course.slugs, *course.broken))
        spec = spec_for(course, request.grading, book.seed)
        digests = {slug: spec.digests[slug] for slug in (request.only or course.slugs)}
        outdated = book.outdated(digests)
        if not outdated:
            terminal.show_lines(out, ["Nothing to do: every grade is from the exercises as they are now."])
            return Exit.FULL_MARKS
        digests = {slug: digests[slug] for slug in outdated}
        for slug, amount in outdated.items():
            terminal.show_lines(out, [f"{slug}: {count(amount, 'grade')} from before the change"])
        from grader.report.batch import display

        with pool_for(request.grading) as pool:
            ready = pool.submit(announce, spec).result()
            run_id = book.start_run("regrade", ready.isolation.level.value, ready.environment)
            tally = Tally()
            with display(out, sum(1 for _ in book.propose(digests))) as show:

                def told(so_far: Tally) -> None:
                    show(so_far.done, so_far.failed, so_far.ungraded)

                tally = grade_waiting(
                    book, pool, course, spec, book.propose(digests), in_flight=pool.in_flight, told=told
                )
        book.finish_run(run_id)
        for fault in tally.faults[:FLIPS_SHOWN]:
            say(f"a fault of the grader: {fault}")
        changes = list(book.changes(digests))
        show_changes(out, changes)
        if request.json is not None:
            try:
                write_atomically(request.json, msgspec.json.format(msgspec.json.encode(changes), indent=2) + b"\n")
            except OSError as error:
                raise click.UsageError(f"--json {shown(request.json)}: {error.strerror or error}") from error
        if not request.accept:
            terminal.show_lines(out, ["Nothing was changed. To accept this: the same command with --accept"])
            return Exit.NOT_FULL if changes else Exit.FULL_MARKS
        accepted = book.accept(digests, request.who or getpass.getuser())
        book.set_course(rules.title, columns_for(course, ready, rules), rules)
        terminal.show_lines(out, [f"Accepted: {count(accepted, 'grade')} now from the exercises as they are."])
        folder = Path(request.gradebook)
        return Exit.FULL_MARKS if not folder.is_dir() or publish(book, folder, out) else Exit.OUR_FAULT


def show_changes(out: Console, changes: Sequence[Change]) -> None:
    """Print who gains and who loses, and by which checks: those who lose first."""
    from rich.table import Table
    from rich.text import Text

    from grader.report import terminal

    if not changes:
        terminal.show_lines(out, ["Nobody's score changes."])
        return
    ordered = sorted(changes, key=lambda one: (one.after.score - one.before.score, one.student.name, one.slug))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("Student", "Exercise", "Before", "After", "Why"):
        table.add_column(head, overflow="fold", justify="right" if head in ("Before", "After") else "left")
    for one in ordered[:SHOWN]:
        table.add_row(
            Text(clean_line(one.student.name or one.student.key, NAME_MAX_CHARS)),
            Text(one.slug),
            Text(_mark(one.before.status, one.before.score)),
            Text(_mark(one.after.status, one.after.score), style="green" if _gain(one) > 0 else "red"),
            Text(_why(one)),
        )
    out.print(table)
    if len(ordered) > SHOWN:
        terminal.show_lines(out, [f"and {len(ordered) - SHOWN:,} more; --json FILE has all"])
    gains, losses = sum(_gain(one) > 0 for one in changes), sum(_gain(one) < 0 for one in changes)
    terminal.show_lines(
        out, [f"{count(gains, 'score')} up, {losses:,} down, {len(changes) - gains - losses:,} the same."]
    )


def _gain(change: Change) -> float:
    return change.after.score - change.before.score


def _mark(status: Status, score: float) -> str:
    return "ungraded" if status is Status.UNGRADED else words.number(score)


def _why(change: Change) -> str:
    parts = []
    for flip in change.flips[:FLIPS_SHOWN]:
        before = "new" if flip.before is None else words.OUTCOME[flip.before]
        after = "gone" if flip.after is None else words.OUTCOME[flip.after]
        parts.append(f"{clean_line(flip.title, 80)}: {before} -> {after}")
    if len(change.flips) > FLIPS_SHOWN:
        parts.append(f"and {len(change.flips) - FLIPS_SHOWN} more")
    if change.adjustment is not None:
        parts.append(f"adjusted to {words.number(change.adjustment.points)} by hand, which stays")
    return "; ".join(parts)
