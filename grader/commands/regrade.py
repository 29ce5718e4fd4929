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
from grader.commands.batch import columns_for, said_when_stopped, say_faults, say_update, told_plainly
from grader.commands.common import Exit, check_target, course_for, exercise_for
from grader.commands.pool import Grading, check_cluster, pool_for, spec_for
from grader.commands.publish import publish_beside
from grader.files import write_atomically
from grader.gradebook import Change, Gradebook, Mark
from grader.model import Status
from grader.report import words
from grader.report.words import count
from grader.submission import shown
from grader.text import clean_line

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = 40
NAMES_SHOWN = 8
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
    """Grade again what the change of an exercise concerns. Nothing counts before it is accepted."""
    from grader.report import terminal

    course = course_for((), request.grading.course)
    for slug in request.only:
        exercise_for(course, slug)
    out = terminal.console()
    check_cluster(request.grading.cluster)
    check_target("--json", request.json)
    with told_plainly(), said_when_stopped(), Gradebook.open(request.gradebook) as book:
        say_update(book)
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
        say_faults(tally)
        changes = list(book.changes(digests))
        show_changes(out, changes)
        failed = sum(one.after.status is Status.UNGRADED for one in changes)
        if request.json is not None:
            try:
                write_atomically(request.json, msgspec.json.format(msgspec.json.encode(changes), indent=2) + b"\n")
            except OSError as error:
                raise click.UsageError(f"--json {shown(request.json)}: {error.strerror or error}") from error
        if not request.accept:
            terminal.show_lines(out, ["Nothing counts yet. To accept this: the same command with --accept"])
            return Exit.OUR_FAULT if failed else Exit.NOT_FULL if changes else Exit.FULL_MARKS
        accepted = book.accept(digests, request.who or getpass.getuser())
        book.set_course(rules.title, columns_for(course, ready, rules), rules)
        terminal.show_lines(out, [f"Accepted: {count(accepted, 'grade')} now from the exercises as they are."])
        written = publish_beside(book, request.gradebook, out)
        return Exit.FULL_MARKS if written and not failed else Exit.OUR_FAULT


def show_changes(out: Console, changes: Sequence[Change]) -> None:
    """Print who gains and who loses, and by which checks: who changes in the same way together, who loses most first.

    What could not be graded again keeps its grade, so it is no change, but counted.
    """
    from grader.report import terminal

    graded = [one for one in changes if one.after.status is not Status.UNGRADED]
    same: dict[tuple[str, Mark, Mark, str], list[str]] = {}
    for one in graded:
        name = clean_line(one.student.name or one.student.key, NAME_MAX_CHARS)
        if one.adjustment is not None:
            name += f" (adjusted to {words.number(one.adjustment.points)} by hand, which stays)"
        same.setdefault((one.slug, one.before, one.after, _why(one)), []).append(name)
    ordered = sorted(same.items(), key=lambda item: (item[0][2].score - item[0][1].score, -len(item[1]), item[0][0]))
    for (slug, before, after, why), names in ordered[:SHOWN]:
        terminal.show_block(out, f"{_direction(before, after)} {slug}: {_marks(before, after)}, {_who(names)}", why)
    if len(ordered) > SHOWN:
        terminal.show_lines(out, [f"and {count(len(ordered) - SHOWN, 'other change')}; --json FILE has all"])
    gains, losses = sum(_gain(one) > 0 for one in graded), sum(_gain(one) < 0 for one in graded)
    lines = [f"{count(gains, 'score')} up, {losses:,} down, {len(graded) - gains - losses:,} the same."]
    if not graded:
        lines = ["Nobody's score changes."]
    if failed := len(changes) - len(graded):
        lines.append(f"{count(failed, 'grade')} could not be made again by a fault of ours, and will stay as before.")
    terminal.show_lines(out, lines)


def _gain(change: Change) -> float:
    return change.after.score - change.before.score


def _direction(before: Mark, after: Mark) -> str:
    return "+" if after.score > before.score else "-" if after.score < before.score else "="


def _marks(before: Mark, after: Mark) -> str:
    points = f"{words.number(before.score)} -> {words.number(after.score)}"
    if before.max_score != after.max_score:
        return f"{words.number(before.score)} of {words.number(before.max_score)} -> {_of(after)}"
    return f"{points} of {words.points(after.max_score)}"


def _of(mark: Mark) -> str:
    return f"{words.number(mark.score)} of {words.points(mark.max_score)}"


def _who(names: Sequence[str]) -> str:
    shown_names = ", ".join(names[:NAMES_SHOWN])
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return f"{count(len(names), 'attempt')}: {shown_names}{more}"


def _why(change: Change) -> str:
    parts = []
    for flip in change.flips[:FLIPS_SHOWN]:
        before = "new" if flip.before is None else words.OUTCOME[flip.before]
        after = "gone" if flip.after is None else words.OUTCOME[flip.after]
        parts.append(f"{clean_line(flip.title, 80)}: {before} -> {after}")
    if len(change.flips) > FLIPS_SHOWN:
        parts.append(f"and {len(change.flips) - FLIPS_SHOWN} more")
    return "; ".join(parts)
