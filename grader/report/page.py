"""The HTML report as plain data: what `fill` decides and the templates show.

Every text in here is clean and bounded; a field that is empty is not shown. Texts with `code` in them are
tuples of spans, longer ones tuples of blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.report.heatmap import HeatMap
from grader.report.prose import Block, Span
from grader.report.source import Line


@dataclass(frozen=True, slots=True)
class Fact:
    """A term with what it stands for."""

    term: str
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the page."""

    anchor: str
    label: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A diagnosis. `kind` is the value of its DiagnosisKind; `checks` are those that it explains.

    One for `review` concerns the file, so it stands above the checks.
    """

    anchor: str
    kind: str
    heading: tuple[Span, ...]
    where: str
    body: tuple[Block, ...]
    checks: tuple[Link, ...]
    review: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """One of the student's own stack frames. `times` is how often it repeats in a row."""

    file: str
    line: int
    function: str
    lines: tuple[Line, ...]
    times: int = 1


@dataclass(frozen=True, slots=True)
class Output:
    """What the student's code printed. `note` says what is missing, if anything is."""

    summary: str
    text: str
    note: str
    open: bool


@dataclass(frozen=True, slots=True)
class CheckPage:
    """One check. `place` is where it stopped, `path` the frames that led there, outermost first.

    `named` is the mistake that its numbers tell, which stands before everything else.

    `outcome` is the value of its Outcome and `word` how people say it.
    """

    anchor: str
    title: tuple[Span, ...]
    outcome: str
    word: str
    points: str
    open: bool
    named: tuple[Block, ...]
    message: tuple[Block, ...]
    facts: tuple[Fact, ...]
    notes: tuple[Note, ...]
    figure: HeatMap | None
    place: Place | None
    path: tuple[Place, ...]
    hint: tuple[Block, ...]
    hint_link: Link | None
    output: Output | None
    took: str

    @property
    def has_details(self) -> bool:
        """Whether there is anything to unfold."""
        return bool(
            self.named
            or self.message
            or self.facts
            or self.notes
            or self.figure
            or self.place
            or self.hint
            or self.hint_link
            or self.output
        )


@dataclass(frozen=True, slots=True)
class ExercisePage:
    """One exercise. `status` is the value of its Status, `marks` are the outcomes of its checks.

    An exercise that was not started has a `waiting` line and folds its checks away. One without a score
    (not started, ungraded) has no `score`; `worth` then says what it would be worth, if that is of use.
    """

    anchor: str
    title: str
    chapter: str
    file: str
    digest: str
    status: str
    word: str
    score: str
    max_score: str
    worth: str
    tally: str
    marks: tuple[str, ...]
    problem: tuple[Block, ...]
    notes: tuple[Note, ...]
    checks: tuple[CheckPage, ...]
    waiting: str
    left_out: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the score bar, which is 1000 wide: one exercise, filled as far as its points reach."""

    x: float
    width: float
    filled: float


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One attempt at an exercise; `counts` is whether the score comes from it."""

    number: str
    file: str
    when: str
    late: str
    score: str
    counts: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """What an exercise is worth in the total, and why. `points` is empty while it is not graded.

    `state` is the value of its CellState; `anchor` is empty for one that the page has no results of.
    """

    title: str
    anchor: str
    state: str
    points: str
    max_score: str
    weight: str
    notes: tuple[str, ...]
    attempts: tuple[AttemptLine, ...]


@dataclass(frozen=True, slots=True)
class GradingPage:
    """What counts, in the report of a student of a class."""

    student: str
    course: str
    total: str
    max_total: str
    tally: str
    lines: tuple[Counted, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report. `grading` is there in the report of a student of a class."""

    title: str
    when: str
    score: str
    max_score: str
    lead: str
    tally: str
    next: Link | None
    next_detail: tuple[Span, ...]
    bar: tuple[Segment, ...]
    exercises: tuple[ExercisePage, ...]
    left_out: str
    isolation: str
    seed: str
    about: tuple[Fact, ...]
    grading: GradingPage | None = None
