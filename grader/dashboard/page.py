"""The class page as plain data: what `fill` decides and the template shows. Every text is clean and bounded."""

from __future__ import annotations

from dataclasses import dataclass

from grader.report.prose import Span


@dataclass(frozen=True, slots=True)
class Tile:
    """A number that stands for itself, with what it counts. `warn` is one that somebody has to look at."""

    label: str
    value: str
    detail: str = ""
    warn: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of the histogram: a rectangle in a drawing that is 1000 wide and 100 high."""

    x: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """How the totals are spread. `median_x` is where the line of the median stands, below 0 without one."""

    bars: tuple[Bar, ...]
    most: str
    median_x: float
    caption: str
    alternative: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """Students who failed an exercise in one way. `index` is by what the rows of the table refer to it.

    `named` is one that was recognised; `review` is no mistake, but something to look at. `width` is of 100.
    """

    index: int
    text: str
    students: str
    exercise: str
    width: float
    review: bool = False
    named: bool = False


@dataclass(frozen=True, slots=True)
class CheckStats:
    """One check over the class: who passed it of those who handed in (`width` of 100), and how well it tells apart."""

    title: tuple[Span, ...]
    points: str
    width: float
    share: str
    detail: str
    discrimination: str
    weak: bool


@dataclass(frozen=True, slots=True)
class ExerciseStats:
    """One exercise over the class."""

    anchor: str
    title: str
    chapter: str
    facts: tuple[Tile, ...]
    checks: tuple[CheckStats, ...]
    mistakes: tuple[Mistake, ...]
    more_mistakes: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list: what it is about, with the report if there is one, and what is said of it."""

    subject: str
    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of things to look at. `open` is one that somebody must act on."""

    title: str
    advice: str
    entries: tuple[Entry, ...]
    more: str
    open: bool = False


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell of the table: its text, a word in small print, and the class of its colour."""

    text: str
    note: str
    css: str


@dataclass(frozen=True, slots=True)
class RowView:
    """One student of the table. `mistakes` and `flags` are what the table can be narrowed to."""

    name: str
    key: str
    href: str
    total: str
    cells: tuple[CellView, ...]
    mistakes: str
    flags: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of the table."""

    title: str
    slug: str
    max_score: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What the table can be narrowed to."""

    flag: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """The whole class page."""

    title: str
    when: str
    lead: str
    tiles: tuple[Tile, ...]
    histogram: Histogram | None
    mistakes: tuple[Mistake, ...]
    listings: tuple[Listing, ...]
    exercises: tuple[ExerciseStats, ...]
    headings: tuple[Heading, ...]
    max_total: str
    rows: tuple[RowView, ...]
    choices: tuple[Choice, ...]
