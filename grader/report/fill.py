"""Turn a report into the page that the templates show: choose, shorten, phrase.

Sizes are bounded twice: each text by a limit of its own, and all details of a page together by
`MAX_DETAIL_CHARS`, so that no submission makes a report that a browser cannot open. What had to be left out
is said where it is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from grader.model import (
    CheckResult,
    Diagnosis,
    DiagnosisKind,
    ExerciseResult,
    Frame,
    Level,
    Outcome,
    Report,
    Status,
)
from grader.report import words
from grader.report.grading import Grading, bar, tell
from grader.report.heatmap import HeatMap, draw
from grader.report.page import CheckPage, ExercisePage, Fact, Link, Note, Output, Page, Place, Segment
from grader.report.prose import Block, Span, blocks, spans
from grader.report.source import excerpt
from grader.text import clean, clean_line

MAX_EXERCISES = 300
MAX_CHECKS = 2_000  # of all exercises together
MAX_NOTES = 20  # of one exercise
MAX_DETAIL_CHARS = 2_000_000
MAX_CELLS = 100_000

TITLE_CHARS = 200
NAME_CHARS = 100
FACT_CHARS = 800
MESSAGE_CHARS = 4_000
HINT_CHARS = 2_000
OUTPUT_CHARS = 8_000
OUTPUT_LINES = 200
SHORT_OUTPUT_LINES = 12
DIGEST_CHARS = 12  # enough to tell two files apart; the result file has all of it
SLOW_S = 1.0  # from here on a check's duration is worth reading
OUTER_FRAMES = (2, 8)  # how many are kept of the outermost and of those next to the innermost

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]{1,80}")
# Written out, because strftime would use the language of whoever grades.
# fmt: off
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)
# fmt: on


def fill(report: Report, grading: Grading | None = None) -> Page:
    """Return the page of `report`. Never raises for what its texts and numbers hold.

    With `grading` it is the report of a student of a class: what counts stands first, and the seed is left out,
    which the class shares and whose inputs are to come again.
    """
    page = _Filler().page(report)
    return page if grading is None else _of_class(page, report, grading)


def _of_class(page: Page, report: Report, grading: Grading) -> Page:
    anchors = {
        one.slug: shown.anchor for one, shown in zip(report.exercises[:MAX_EXERCISES], page.exercises, strict=True)
    }
    told = tell(grading, anchors, moment)
    complete = len(page.exercises) == len(grading.row.cells)
    return replace(
        page,
        title=f"{told.student}: {told.total} of {told.max_total} · score report",
        score=told.total,
        max_score=told.max_total,
        lead=page.lead if complete and grading.row.complete else "",
        tally=told.tally,
        bar=bar(grading),
        isolation=page.isolation if page.exercises else "",
        seed="",
        about=tuple(fact for fact in page.about if fact.term != "Seed"),
        grading=told,
    )


class _Filler:
    """Fills one page and keeps count of what may still go into it."""

    def __init__(self) -> None:
        self.chars_left = MAX_DETAIL_CHARS
        self.cells_left = MAX_CELLS
        self.checks_left = MAX_CHECKS
        self.full = False

    def page(self, report: Report) -> Page:
        exercises = tuple(
            self.exercise(exercise, _anchor(exercise.slug, index))
            for index, exercise in enumerate(report.exercises[:MAX_EXERCISES], start=1)
        )
        score = words.number(report.score)
        of = words.points(report.max_score)
        lead = _lead(report)
        link, detail = _next_step(report, exercises)
        level = report.isolation.level
        return Page(
            title=f"{score} of {of} · score report",
            when=moment(report.started_at),
            score=score,
            max_score=of,
            lead=lead,
            tally="" if lead else _status_tally(report.exercises),
            next=link,
            next_detail=detail,
            bar=_bar(report.exercises[:MAX_EXERCISES]),
            exercises=exercises,
            left_out=self.left_out(report),
            isolation=" ".join(filter(None, (words.LEVEL[level], _advice(level)))),
            seed=str(report.seed),
            about=_about(report),
        )

    def left_out(self, report: Report) -> str:
        rest = len(report.exercises) - MAX_EXERCISES
        if rest <= 0 and not self.full:
            return ""
        more = f" {words.count(rest, 'exercise')} more would not fit." if rest > 0 else ""
        details = " Some details are left out." if self.full else ""
        return f"This report is as large as a report may be.{more}{details}"

    # ---- one exercise ----

    def exercise(self, exercise: ExerciseResult, anchor: str) -> ExercisePage:
        shown = exercise.checks[: self.checks_left]
        self.checks_left -= len(shown)
        links = {c.id: Link(f"{anchor}-{n}", _title(c.title)) for n, c in enumerate(shown, start=1)}
        named = {d.check: d.text for d in exercise.diagnoses if d.kind is DiagnosisKind.GRADIENT and d.check in links}
        others = [d for d in exercise.diagnoses if d.kind is not DiagnosisKind.GRADIENT or d.check not in links]
        notes, unsaid = self.notes(others, links, anchor)
        not_started = exercise.status is Status.NOT_ATTEMPTED
        scored = exercise.status in (Status.PASSED, Status.FAILED)
        checks = words.count(len(exercise.checks), "check")
        passed = sum(check.outcome is Outcome.PASSED for check in exercise.checks)
        unshown = len(exercise.checks) - len(shown)
        missing = (
            f"{words.count(unshown, 'more check')} would not fit into this report." if unshown else "",
            f"{words.count(unsaid, 'more diagnosis', 'more diagnoses')} left out." if unsaid else "",
        )
        return ExercisePage(
            anchor=anchor,
            title=clean_line(exercise.title, TITLE_CHARS) or "Untitled exercise",
            chapter=clean_line(exercise.chapter.replace("_", " "), NAME_CHARS),
            file=_file_name(exercise.submission.file),
            digest=clean_line(exercise.submission.sha256[:DIGEST_CHARS], NAME_CHARS),
            status=exercise.status.value,
            word=words.STATUS[exercise.status],
            score=words.number(exercise.score) if scored else "",
            max_score=words.number(exercise.max_score),
            worth=words.points(exercise.max_score) if not_started else "",
            tally="" if not_started or not exercise.checks else f"{passed:,} of {checks} passed",
            marks=tuple(check.outcome.value for check in shown[:40]),
            problem=self.blocks(exercise.problem, MESSAGE_CHARS),
            notes=tuple(note for note in notes if _is_of_all(note)),
            checks=tuple(
                self.check(c, links[c.id].anchor, notes, named.get(c.id, ""), quiet=not_started) for c in shown
            ),
            waiting=f"{checks} to pass, {words.points(exercise.max_score)} to earn"
            if not_started and exercise.checks
            else "",
            left_out=" ".join(filter(None, missing)),
        )

    def notes(self, diagnoses: Sequence[Diagnosis], links: dict[str, Link], anchor: str) -> tuple[list[Note], int]:
        """The diagnoses as notes, one for each mistake however many checks and lines it shows in.

        The number is of those left out.
        """
        same: dict[tuple[DiagnosisKind, str, str, bool], list[Diagnosis]] = {}
        for diagnosis in diagnoses:
            key = (diagnosis.kind, diagnosis.name, diagnosis.text, diagnosis.review)
            same.setdefault(key, []).append(diagnosis)
        notes = []
        for number, found in enumerate(list(same.values())[:MAX_NOTES], start=1):
            first = found[0]
            checks = {d.check: links[d.check] for d in found if d.check in links}
            notes.append(
                Note(
                    anchor=f"{anchor}-note-{number}",
                    kind=first.kind.value,
                    review=first.review,
                    heading=_note_heading(first),
                    where=_places({(d.cell, d.line) for d in found if d.line > 0}),
                    body=self.blocks(first.text, HINT_CHARS, reflow=True),
                    checks=tuple(checks.values()),
                )
            )
        return notes, max(0, len(same) - MAX_NOTES)

    # ---- one check ----

    def check(self, check: CheckResult, anchor: str, notes: Sequence[Note], named: str, *, quiet: bool) -> CheckPage:
        about = [note for note in notes if any(link.anchor == anchor for link in note.checks)]
        inside = tuple(note for note in about if not _is_of_all(note))
        # At most one hint: a recognised misconception says more than the general one of the suite.
        recognised = [note for note in about if note.kind == DiagnosisKind.MISCONCEPTION]
        above = next((note for note in recognised if note not in inside), None)
        # Descriptions give type and shape only: where these agree, it is the values that do not.
        expected = "the same, with other values" if check.expected == check.got else check.expected
        facts = (("Called", check.call), ("Came back", check.got), ("Expected", expected if check.expected else ""))
        return CheckPage(
            anchor=anchor,
            title=_title(check.title),
            outcome=check.outcome.value,
            word=words.OUTCOME[check.outcome],
            points=f"{words.number(check.score)} of {words.number(check.max_score)}",
            open=_asks_for_work(check.outcome) and not quiet,
            named=self.blocks(named, HINT_CHARS, reflow=True),
            message=self.blocks(check.message, MESSAGE_CHARS),
            facts=tuple(Fact(term, self.take(text, FACT_CHARS)) for term, text in facts if text),
            notes=inside,
            figure=self.figure(check),
            place=self.place(check.frames[-1]) if check.frames else None,
            path=tuple(self.path(check.frames[:-1])),
            hint=() if recognised else self.blocks(check.hint, HINT_CHARS, reflow=True),
            hint_link=Link(above.anchor, above.heading) if above else None,
            output=self.output(check),
            took=f"This check took {words.seconds(check.duration_s)}." if check.duration_s >= SLOW_S else "",
        )

    def figure(self, check: CheckResult) -> HeatMap | None:
        drawn = draw(check.figure) if check.figure is not None else None
        if drawn is None:
            return None
        if drawn.rows * drawn.columns > self.cells_left:
            self.full = True
            return None
        self.cells_left -= drawn.rows * drawn.columns
        return drawn

    def place(self, frame: Frame) -> Place:
        lines = excerpt(frame)
        size = sum(len(piece.text) for line in lines for piece in line.pieces)
        if size > self.chars_left:
            self.full = True
            lines, size = (), 0
        self.chars_left -= size
        return Place(
            file=_file_name(frame.file),
            line=frame.line,
            function=clean_line(frame.function, NAME_CHARS),
            lines=lines,
        )

    def path(self, frames: Sequence[Frame]) -> Iterator[Place]:
        """The frames that led to the last one, each with its own line only; recursion folded."""
        runs: list[tuple[Frame, int]] = []
        for frame in frames:
            if runs and runs[-1][0] == frame:
                runs[-1] = (frame, runs[-1][1] + 1)
            else:
                runs.append((frame, 1))
        first, last = OUTER_FRAMES
        left_out = len(runs) - first - last
        if left_out > 0:
            runs = runs[:first] + runs[-last:]
        for index, (frame, times) in enumerate(runs):
            if left_out > 0 and index == first:
                yield Place(file="", line=0, function="", lines=(), times=left_out)
            place = self.place(frame)
            yield replace(place, lines=tuple(line for line in place.lines if line.here), times=times)

    def output(self, check: CheckResult) -> Output | None:
        if not check.output:
            return None
        text = self.take(check.output, OUTPUT_CHARS).rstrip("\n")
        lines = text.split("\n")
        cut = len(lines) - OUTPUT_LINES
        notes = (
            f"{words.count(cut, 'more line')} not shown." if cut > 0 else "",
            "More was printed than was kept." if check.output_cut else "",
        )
        if not text and not any(notes):
            return None
        return Output(
            summary=words.count(min(len(lines), OUTPUT_LINES), "line"),
            text="\n".join(lines[:OUTPUT_LINES]),
            note=" ".join(filter(None, notes)),
            open=len(lines) <= SHORT_OUTPUT_LINES and _asks_for_work(check.outcome),
        )

    # ---- text ----

    def take(self, text: str, max_chars: int) -> str:
        """`text` cleaned, within a limit of its own and within what is left of the page's."""
        allowed = min(max_chars, self.chars_left)
        if not text or allowed < min(len(text), 40):
            self.full = self.full or bool(text)
            return ""
        shown = clean(text, allowed)
        self.chars_left -= len(shown)
        return shown

    def blocks(self, text: str, max_chars: int, *, reflow: bool = False) -> tuple[Block, ...]:
        # Cleaning what is clean and short enough once more changes nothing.
        taken = self.take(text, max_chars)
        return blocks(taken, len(taken) + 1, reflow=reflow)


# ---- what the whole run comes to ----


def _lead(report: Report) -> str:
    """One calm sentence below the score."""
    states = [exercise.status for exercise in report.exercises]
    if not states:
        return "No exercise was graded."
    if all(state is Status.NOT_ATTEMPTED for state in states):
        if len(states) == 1:
            return "Everything is set up. The exercise is waiting for its first line of code."
        return f"Everything is set up. All {len(states)} exercises are waiting for their first lines of code."
    if all(state is Status.PASSED for state in states):
        return "Every check passes. There is nothing left to do here."
    return ""


def _status_tally(exercises: Sequence[ExerciseResult]) -> str:
    counts = [(sum(e.status is status for e in exercises), status) for status in Status]
    parts = [f"{amount} {words.STATUS[status]}" for amount, status in counts if amount]
    return f"{words.count(len(exercises), 'exercise')}: {', '.join(parts)}" if parts else ""


def _next_step(report: Report, pages: Sequence[ExercisePage]) -> tuple[Link | None, tuple[Span, ...]]:
    """Where to go on: the first exercise that was begun and is not full, else the first untouched one."""
    for status in (Status.FAILED, Status.NOT_ATTEMPTED):
        for exercise, page in zip(report.exercises, pages, strict=False):
            if exercise.status is not status:
                continue
            link = Link(page.anchor, (Span(page.title),))
            if status is Status.NOT_ATTEMPTED:
                return link, (Span("in "), Span(page.file, code=True)) if page.file else ()
            todo = next((check for check in page.checks if _asks_for_work(Outcome(check.outcome))), None)
            if exercise.problem or todo is None:
                return link, ()
            return Link(todo.anchor, link.label), todo.title
    return None, ()


def _bar(exercises: Sequence[ExerciseResult]) -> tuple[Segment, ...]:
    total = sum(e.max_score for e in exercises)
    if not 0 < total < float("inf"):
        return ()
    gap = min(6.0, 200 / len(exercises))
    room = 1000 - gap * (len(exercises) - 1)
    segments = []
    x = 0.0
    for e in exercises:
        width = room * e.max_score / total
        part = min(1.0, max(0.0, e.score / e.max_score)) if e.max_score > 0 else 0.0
        segments.append(Segment(round(x, 2), round(width, 2), round(width * part, 2)))
        x += width + gap
    return tuple(segments)


def _about(report: Report) -> tuple[Fact, ...]:
    environment = report.environment
    facts = (
        ("Seed", str(report.seed)),
        ("Grader", environment.grader),
        ("Python", environment.python),
        ("PyTorch", environment.torch),
        ("Platform", environment.platform),
        ("Isolation", ", ".join((report.isolation.level.value, *report.isolation.mechanisms[:20]))),
        ("Not in force", "; ".join(report.isolation.missing[:20])),
        ("Graded", moment(report.started_at)),
        ("Took", words.seconds(report.duration_s) if report.duration_s else ""),
        ("Result format", f"version {report.version}"),
    )
    return tuple(Fact(term, clean_line(text, 300)) for term, text in facts if text)


def _advice(level: Level) -> str:
    return "" if level is Level.SANDBOX else f"That is fine for code of one's own; {words.ADVICE}."


def moment(started_at: str) -> str:
    """The moment as people write it; as it stands if it is not in ISO 8601."""
    try:
        at = datetime.fromisoformat(started_at[:40])
    except ValueError:
        return clean_line(started_at, 40) if started_at else ""
    zone = f" {at.tzname()}" if at.tzinfo else ""
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M}{zone}"


# ---- small pieces ----


def _asks_for_work(outcome: Outcome) -> bool:
    """Whether a student has something to read and to do here, so that it is shown unfolded."""
    return outcome not in (Outcome.PASSED, Outcome.SKIPPED)


def _anchor(slug: str, number: int) -> str:
    # A slug is an author's, but an anchor must be safe whatever it is, and unique.
    return f"exercise-{slug if _PLAIN_NAME.fullmatch(slug) else f'no-{number}'}"


def _title(title: str) -> tuple[Span, ...]:
    return spans(clean_line(title, TITLE_CHARS)) or (Span("Untitled check"),)


def _file_name(file: str) -> str:
    """The last part of a path: where a file lies on the machine that grades is nobody's business."""
    return clean_line(re.split(r"[\\/]", file[-4 * NAME_CHARS :])[-1], NAME_CHARS)


def _note_heading(diagnosis: Diagnosis) -> tuple[Span, ...]:
    name = clean_line(diagnosis.name, NAME_CHARS)
    match diagnosis.kind:
        case DiagnosisKind.MISCONCEPTION:
            return (Span(f"This looks like: {name.replace('_', ' ')}"),)
        case DiagnosisKind.GRADIENT:
            return (Span(f"About the gradient: {name.replace('_', ' ')}"),)
        case DiagnosisKind.FORBIDDEN_API:
            return (Span("Flagged for review: " if diagnosis.review else "Ready-made: "), Span(name, code=True))
    assert_never(diagnosis.kind)


def _is_of_all(note: Note) -> bool:
    """Whether a note stands at the top of its exercise: a recognised mistake explains all that follows."""
    return note.review or note.kind == DiagnosisKind.MISCONCEPTION or len(note.checks) != 1


def _places(places: Iterable[tuple[int, int]]) -> str:
    """Lines by the cell of a notebook that they are in; cell 0 is a file."""
    by_cell: dict[int, list[int]] = {}
    for cell, line in sorted(places)[:10]:
        by_cell.setdefault(cell, []).append(line)
    return "; ".join(f"cell {cell}, {_lines(lines)}" if cell else _lines(lines) for cell, lines in by_cell.items())


def _lines(numbers: Sequence[int]) -> str:
    shown = [str(number) for number in numbers]
    if not shown:
        return ""
    return f"line {shown[0]}" if len(shown) == 1 else f"lines {', '.join(shown[:-1])} and {shown[-1]}"
