"""Turn a gradebook into the class page: count, choose, phrase. One pass over the students, in bounded memory
but for the lines of the table itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from grader.classroom import Cell, CellState, Graded, Row
from grader.dashboard.measures import FEWEST, Correlation, bins, median, percentile
from grader.dashboard.page import (
    Bar,
    CellView,
    CheckStats,
    Choice,
    Entry,
    ExerciseStats,
    Heading,
    Histogram,
    Listing,
    Mistake,
    Page,
    RowView,
    Tile,
)
from grader.dashboard.tally import CheckTally, ExerciseTally, Kind
from grader.handback.book import Book, with_results
from grader.handback.reports import FOLDER, file_name
from grader.model import ExerciseResult, Status
from grader.report import words
from grader.report.prose import spans
from grader.text import clean_line

BINS = 20
NONE = "\N{EN DASH}"
MISTAKES_SHOWN = 12  # of one exercise, and on top of all
CHECKS_SHOWN = 200
ENTRIES_SHOWN = 300  # of one list
TITLE_CHARS = 200
NAME_CHARS = 80
WHY_CHARS = 400
WEAK = 0.2

# The letters by which a row says what it has.
FLAGS = {
    "l": "late",
    "a": "adjusted",
    "u": "not graded",
    "r": "refused",
    "m": "something missing",
    "v": "something to look at",
}


def fill(book: Book, when: str = "") -> Page:
    """The page of a class. `when` is the moment that is printed on it."""
    return _Filler(book).page(when)


class _Filler:
    def __init__(self, book: Book) -> None:
        self._book = book
        self._tallies = [ExerciseTally(column) for column in book.columns]
        self._kinds: dict[tuple[int, Kind], int] = {}
        self._rows: list[RowView] = []
        self._totals: list[float] = []  # shares of complete rows
        self._points: list[float] = []
        self._flagged = dict.fromkeys(FLAGS, 0)
        self._ungraded = _Entries()
        self._late = _Entries()
        self._adjusted = _Entries()
        self._waiting = 0

    def page(self, when: str) -> Page:
        for row, graded in with_results(self._book):
            self._add(row, graded)
        columns = self._book.columns
        most = math.fsum(column.max_score * column.weight for column in columns)
        every = [one for at, tally in enumerate(self._tallies) for one in self._mistakes(at, tally)]
        # A mistake with a name can be spoken about in class; the others stand with their exercise.
        common = sorted((one for one in every if one.named), key=lambda one: -_amount(one.students))
        return Page(
            title=clean_line(self._book.title, TITLE_CHARS) or "The class",
            when=clean_line(when, 60),
            lead="" if self._rows else "Nobody has handed in anything yet.",
            tiles=tuple(self._tiles(most)),
            histogram=self._histogram(),
            mistakes=tuple(common[:MISTAKES_SHOWN]),
            listings=tuple(self._listings()),
            exercises=tuple(self._exercise(at, tally) for at, tally in enumerate(self._tallies)),
            headings=tuple(
                Heading(
                    title=clean_line(column.title, TITLE_CHARS) or "Untitled exercise",
                    slug=clean_line(column.slug, NAME_CHARS),
                    max_score=words.number(column.max_score),
                )
                for column in columns
            ),
            max_total=words.number(most),
            rows=tuple(self._rows),
            choices=tuple(Choice(flag, f"{FLAGS[flag]} ({n:,})") for flag, n in self._flagged.items() if n),
        )

    # ---- one student ----

    def _add(self, row: Row, graded: Mapping[str, Graded]) -> None:
        href = f"{FOLDER}/{file_name(row)}"
        name = clean_line(row.student.name, NAME_CHARS) or clean_line(row.student.key, NAME_CHARS)
        results = [_result(cell, graded.get(cell.slug)) for cell in row.cells]
        known = all(cell.points is not None for cell in row.cells)
        raw = math.fsum(result.score for result in results if result is not None) if known else None
        mistakes: list[int] = []
        flags = ""
        for at, (cell, result, tally) in enumerate(zip(row.cells, results, self._tallies, strict=True)):
            tally.add_cell(cell)
            if result is not None:
                rest = None if raw is None else raw - result.score
                for kind in tally.add_result(result, rest):
                    mistakes.append(self._kinds.setdefault((at, kind), len(self._kinds)))
                    flags += "v" if kind.review else ""
            flags += self._note(cell, tally, name, href)
        for flag in set(flags):
            self._flagged[flag] += 1
        if row.complete and row.max_total > 0:
            self._totals.append(min(1.0, max(0.0, row.total / row.max_total)))
            self._points.append(row.total)
        self._rows.append(
            RowView(
                name=name,
                key=clean_line(row.student.key, NAME_CHARS),
                href=href,
                total=words.number(row.total) if row.complete else f"{words.number(row.total)}+",
                cells=tuple(_view(cell) for cell in row.cells),
                mistakes=" ".join(map(str, mistakes)),
                flags="".join(sorted(set(flags))),
            )
        )

    def _note(self, cell: Cell, tally: ExerciseTally, name: str, href: str) -> str:
        """The flags of a cell; what a list says of it is put there."""
        title = clean_line(tally.column.title, 80)
        flags = ""
        match cell.state:
            case CellState.UNGRADED:
                self._ungraded.add(name, f"{title}: the grader failed", href)
                flags += "u"
            case CellState.WAITING:
                self._waiting += 1
                flags += "u"
            case CellState.REFUSED:
                flags += "r"
            case CellState.MISSING:
                flags += "m"
            case CellState.GRADED:
                pass
        counted = cell.counted
        if counted is not None and (counted.late_s > 0 or counted.percent_off > 0):
            by = f" by {words.long_time(counted.late_s)}" if counted.late_s > 0 else ""
            off = f", {words.number(counted.percent_off)} % off" if counted.percent_off > 0 else ", at no cost"
            self._late.add(name, f"{title}: late{by}{off}", href)
            flags += "l"
        if cell.adjustment is not None:
            made = cell.adjustment
            to = f"{words.number(made.points)} of {words.points(cell.max_score)}"
            said = f"{clean_line(made.why, WHY_CHARS)} ({clean_line(made.who, 60)}, {clean_line(made.at[:10], 10)})"
            self._adjusted.add(name, f"{title}: set to {to}: {said}", href)
            flags += "a"
        return flags

    # ---- the class ----

    def _tiles(self, most: float) -> Iterator[Tile]:
        incomplete = sum(row.total.endswith("+") for row in self._rows)
        yield Tile("students", f"{len(self._rows):,}")
        if self._points:
            ordered = sorted(self._points)
            mean = math.fsum(ordered) / len(ordered)
            share = f"{100 * math.fsum(self._totals) / len(self._totals):.0f} % of {words.points(most)}"
            yield Tile("mean total", words.number(mean), share)
            yield Tile("median total", words.number(median(ordered)))
        if incomplete:
            detail = f"{words.count(self._waiting, 'piece')} of work waiting" if self._waiting else ""
            yield Tile("not fully graded", f"{incomplete:,}", detail, warn=True)
        for flag, label in (("l", "handed in late"), ("a", "adjusted by hand"), ("v", "to look at")):
            if self._flagged[flag]:
                yield Tile(label, f"{self._flagged[flag]:,}", warn=flag == "v")

    def _histogram(self) -> Histogram | None:
        if not self._totals:
            return None
        counts = bins(self._totals, BINS)
        most = max(counts)
        width = 1000 / BINS
        bars = tuple(
            Bar(
                x=at * width + 3,
                width=width - 6,
                height=round(100 * count / most, 2),
                label=f"{at * 100 // BINS} to {(at + 1) * 100 // BINS} %: {words.count(count, 'student')}",
            )
            for at, count in enumerate(counts)
        )
        middle = median(sorted(self._totals))
        told = "; ".join(bar.label for bar, count in zip(bars, counts, strict=True) if count)
        return Histogram(
            bars=bars,
            most=words.count(most, "student"),
            median_x=round(1000 * middle, 1),
            caption=f"Half of the class has {100 * middle:.0f} % or more.",
            alternative=f"Distribution of the totals, in parts of {100 // BINS} %. {told}.",
        )

    def _mistakes(self, at: int, tally: ExerciseTally) -> list[Mistake]:
        handed_in = max(1, len(tally.shares))
        title = clean_line(tally.column.title, TITLE_CHARS)
        return [
            Mistake(
                index=self._kinds[at, kind],
                text=kind.text,
                students=words.count(amount, "student"),
                exercise=title,
                width=round(100 * amount / handed_in, 1),
                review=kind.review,
                named=kind.named,
            )
            for kind, amount in sorted(tally.mistakes.items(), key=lambda item: (-item[1], item[0]))
        ]

    def _exercise(self, at: int, tally: ExerciseTally) -> ExerciseStats:
        mistakes = self._mistakes(at, tally)
        more = len(mistakes) - MISTAKES_SHOWN
        checks = list(tally.checks.items())[:CHECKS_SHOWN]
        return ExerciseStats(
            anchor=f"exercise-{at + 1}",
            title=clean_line(tally.column.title, TITLE_CHARS) or "Untitled exercise",
            chapter=clean_line(tally.column.chapter.replace("_", " "), NAME_CHARS),
            facts=tuple(_facts(tally, len(self._rows))),
            checks=tuple(_check(*tally.titles[id], check) for id, check in checks),
            mistakes=tuple(mistakes[:MISTAKES_SHOWN]),
            more_mistakes=f"and {words.count(more, 'other')}" if more > 0 else "",
        )

    def _listings(self) -> Iterator[Listing]:
        unmatched, refused = _Entries(), _Entries()
        for lost in self._book.unmatched():
            whose = clean_line(lost.student.name or lost.student.key, NAME_CHARS) if lost.student else ""
            why = f"{clean_line(lost.why, WHY_CHARS)}{f' (from {whose})' if whose else ''}"
            unmatched.add(clean_line(lost.place, WHY_CHARS), why)
        for one in self._book.refused():
            name = clean_line(one.student.name or one.student.key, NAME_CHARS)
            refused.add(name, f"{clean_line(one.place, WHY_CHARS)}: {clean_line(one.why, WHY_CHARS)}")
        yield from self._ungraded.listing(
            "Not graded: our fault", "The grader failed here. It costs nobody a point; grade again.", acting=True
        )
        yield from unmatched.listing(
            "Files of nobody or for no exercise",
            "Rename them or hand them over by name, then grade again.",
            acting=True,
        )
        yield from refused.listing("Refused", "Not read; the student has to hand in again.", acting=True)
        yield from self._adjusted.listing("Adjusted by hand", "These points count instead of the suite's.")
        yield from self._late.listing("Late", "Taken off the score of the suite by the policy of the course.")


def _result(cell: Cell, graded: Graded | None) -> ExerciseResult | None:
    """What the suite gave, also where a person decided otherwise; None if it has not graded."""
    if graded is None or cell.counted is None or cell.counted.status in (None, Status.UNGRADED):
        return None
    return graded.result if graded.result.status is not Status.UNGRADED else None


class _Entries:
    """A list that keeps the first few and counts the rest."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._count = 0

    def add(self, subject: str, text: str, href: str = "") -> None:
        self._count += 1
        if len(self._entries) < ENTRIES_SHOWN:
            self._entries.append(Entry(subject=subject, text=text, href=href))

    def listing(self, title: str, advice: str, *, acting: bool = False) -> Iterable[Listing]:
        if not self._count:
            return
        more = self._count - len(self._entries)
        yield Listing(
            title=f"{title} ({self._count:,})",
            advice=advice,
            entries=tuple(self._entries),
            more=f"and {more:,} more" if more else "",
            open=acting and self._count <= 20,
        )


# ---- one exercise ----


def _facts(tally: ExerciseTally, students: int) -> Iterator[Tile]:
    handed_in = students - tally.states[CellState.MISSING]
    yield Tile("handed in", f"{handed_in:,}", f"of {students:,}")
    if not tally.shares:
        return
    shares = sorted(tally.shares)
    mean = math.fsum(shares) / len(shares)
    points = f"{words.number(mean * tally.column.max_score)} of {words.points(tally.column.max_score)}"
    yield Tile("difficulty", f"{mean:.2f}", f"mean {points}")
    yield _discrimination(tally.correlation)
    yield Tile("full marks", _percent(tally.full, len(shares)), words.count(tally.full, "student"))
    if tally.duration_s:
        took = sorted(tally.duration_s)
        yield Tile("time, median", words.seconds(median(took)), f"95 %: {words.seconds(percentile(took, 95))}")
    if tally.memory_mib:
        used = sorted(tally.memory_mib)
        yield Tile("memory, median", f"{median(used):,.0f} MiB", f"95 %: {percentile(used, 95):,.0f} MiB")


def _discrimination(correlation: Correlation) -> Tile:
    value = correlation.value
    if value is None:
        return Tile("discrimination", NONE, f"fewer than {FEWEST}" if correlation.count < FEWEST else "all alike")
    said = "against the rest" if value < 0 else "weak" if value < WEAK else "fair" if value < 0.3 else "good"
    return Tile("discrimination", _r(value), said, warn=value < WEAK)


def _check(title: str, points: float, tally: CheckTally) -> CheckStats:
    share = 100 * tally.passed / tally.graded if tally.graded else 0.0
    others = [(amount, outcome) for outcome, amount in tally.outcomes.items() if outcome.value != "passed"]
    detail = ", ".join(f"{amount:,} {words.OUTCOME[outcome]}" for amount, outcome in sorted(others, reverse=True)[:4])
    value = tally.correlation.value
    return CheckStats(
        title=spans(clean_line(title, TITLE_CHARS)) or spans("Untitled check"),
        points=words.number(points),
        width=round(share, 1),
        share=_percent(tally.passed, tally.graded) if tally.graded else NONE,
        detail=detail,
        discrimination=NONE if value is None else _r(value),
        weak=value is not None and round(value, 2) < 0,
    )


def _view(cell: Cell) -> CellView:
    """A cell in as little as will do: the page holds one for each student and exercise."""
    match cell.state:
        case CellState.MISSING:
            return CellView(NONE, "", "m")
        case CellState.REFUSED:
            return CellView("0", "refused", "r")
        case CellState.UNGRADED:
            return CellView("", "ungraded", "u")
        case CellState.WAITING:
            return CellView("", "waiting", "u")
        case CellState.GRADED:
            points = cell.points or 0.0
            late = cell.counted is not None and (cell.counted.late_s > 0 or cell.counted.percent_off > 0)
            note = "adjusted" if cell.adjustment is not None else "late" if late else ""
            share = points / cell.max_score if cell.max_score > 0 else 1.0
            css = "f" if share >= 1 - 1e-9 else "h" if share < 0.5 else ""
            return CellView(words.number(points), note, css)


def _percent(part: int, whole: int) -> str:
    """A share in whole percent that is 100 only for all and 0 only for none."""
    share = 100 * part / whole if whole else 0.0
    shown = max(1, min(99, round(share))) if 0 < part < whole else round(share)
    return f"{shown} %"


def _r(value: float) -> str:
    shown = f"{value:+.2f}"
    return "0.00" if shown in ("+0.00", "-0.00") else shown.replace("-", "\N{MINUS SIGN}")


def _amount(students: str) -> int:
    return int(students.split()[0].replace(",", ""))
