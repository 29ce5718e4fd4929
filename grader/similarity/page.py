"""What the page says, as plain data: every text clean and bounded, every number worded."""

from __future__ import annotations

from dataclasses import dataclass

from grader.classroom import Student
from grader.report import source
from grader.report.source import Piece
from grader.similarity.detail import Detail, Region, Side
from grader.similarity.rank import OUTLIER_Z, STUDENTS_MIN, Entry, Part, Ranking
from grader.similarity.traits import Kind
from grader.text import clean_line

LINES_MAX = 300
COLOURS = 6
NAME_MAX_CHARS = 60
TRAIT_MAX_CHARS = 160

KINDS = {
    Kind.COMMENT: "the same comment",
    Kind.NAME: "the same name",
    Kind.TEXT: "the same text",
    Kind.LINE: "the same line, to the letter",
    Kind.LAYOUT: "the same odd white space",
    Kind.FAILURE: "the same wrong result",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A source line; `region` is 0 where it matches nothing, `colour` 1 to `COLOURS`; `begins` where a region does."""

    number: int
    pieces: tuple[Piece, ...]
    region: int
    colour: int
    begins: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """One side: of whom, and its lines. `note` says what is left out, and why."""

    who: str
    file: str
    lines: tuple[Line, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Trait:
    """Something that both have: what it is, its text, and who else has it."""

    what: str
    text: str
    held: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A pair in one exercise, side by side."""

    anchor: str
    title: str
    facts: tuple[str, ...]
    regions: int
    sides: tuple[Listing, ...]
    traits: tuple[Trait, ...]


@dataclass(frozen=True, slots=True)
class PairSection:
    """A pair: its row in the table, and what is shown of it."""

    rank: int
    anchor: str
    left: str
    right: str
    evidence: str
    distance: str
    stands_out: bool
    exercises: str
    strongest: str
    summary: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page."""

    title: str
    lead: str
    small_class: str
    standings: tuple[tuple[str, ...], ...]
    pairs: tuple[PairSection, ...]


def fill(ranking: Ranking, details: dict[int, tuple[Detail, ...]], *, anonymous: bool = False) -> Page:
    """Say what `ranking` holds; `details` are those of some of its entries, by their place from 0."""
    names = _Names(ranking, anonymous)
    sections = tuple(_section(n, entry, details.get(n, ()), ranking, names) for n, entry in enumerate(ranking.entries))
    students, works = len(ranking.group.students), sum(len(one.works) for one in ranking.standings.values())
    count = ranking.outstanding
    stand = "No pair stands out" if not count else f"{count:,} pair{'s' * (count != 1)} stand{'s' * (count == 1)} out"
    exercises = len(ranking.standings)
    return Page(
        title=clean_line(ranking.group.title, 120) or "A class",
        lead=f"{students:,} students, {works:,} pieces of work in {exercises} exercise{'s' * (exercises != 1)}. "
        f"{stand} from what is usual in this class; the {len(sections)} with most evidence are listed.",
        small_class=""
        if students >= STUDENTS_MIN
        else f"With fewer than {STUDENTS_MIN} students there is nothing to stand out from: only the order is given.",
        standings=tuple(
            (
                clean_line(one.column.title or slug, 80),
                f"{len(one.works):,}",
                f"{one.limit:,}",
                f"{one.typical.median:.0f}",
                f"{one.typical.spread:.0f}",
                f"{len(one.ordered):,} of {one.possible:,}",
                f"{one.unread:,}",
            )
            for slug, one in ranking.standings.items()
        ),
        pairs=sections,
    )


class _Names:
    def __init__(self, ranking: Ranking, anonymous: bool) -> None:
        self._numbers = {one.key: n for n, one in enumerate(ranking.group.students, 1)} if anonymous else {}

    def of(self, student: Student) -> str:
        if self._numbers:
            return f"student {self._numbers[student.key]}"
        return clean_line(student.name or student.key, NAME_MAX_CHARS)

    def file(self, file: str) -> str:
        """A file name often has the student's own in it."""
        return "" if self._numbers else clean_line(file, 80)

    def all(self, students: tuple[Student, ...]) -> str:
        shown = [self.of(one) for one in students[:4]]
        more = len(students) - len(shown)
        return " with ".join(shown) + (f" and {more} more" if more else "")


def _section(n: int, entry: Entry, details: tuple[Detail, ...], ranking: Ranking, names: _Names) -> PairSection:
    left, right = names.all(entry.left), names.all(entry.right)
    strongest = details[0] if details else None
    both = len(entry.parts)
    unusual = [part for part in entry.parts if part.z >= OUTLIER_Z]
    summary = [_word(entry)]
    if len(unusual) > 1:
        summary.append(f"Far out in {len(unusual)} exercises, each on its own.")
    if any(one.same_bytes for one in details):
        summary.append("At least one file is the same byte for byte.")
    return PairSection(
        rank=n + 1,
        anchor=f"pair-{n + 1}",
        left=left,
        right=right,
        evidence=f"{entry.strength:.0f}",
        distance="" if entry.z is None else _signed(entry.z),
        stands_out=entry.stands_out,
        exercises=str(both),
        strongest=f"{_title(ranking, strongest.part.slug)}, {_percent(strongest.similarity)} of the code"
        if strongest
        else "",
        summary=tuple(summary),
        rows=tuple(_row(part, ranking) for part in entry.parts),
        comparisons=tuple(
            _comparison(f"pair-{n + 1}-{m}", one, ranking, (left, right), names) for m, one in enumerate(details, 1)
        ),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _signed(value: float) -> str:
    """With a sign, but none for what rounds to nothing."""
    shown = f"{value:+.1f}"
    return "0.0" if shown in ("+0.0", "-0.0") else shown.replace("-", "\N{MINUS SIGN}")


def _word(entry: Entry) -> str:
    if entry.z is None:
        return f"{entry.strength:.0f} bits of evidence."
    side = "above" if entry.z >= 0 else "below"
    return (
        f"{entry.strength:.0f} bits of evidence: {abs(entry.z):.1f} standard deviations {side} what students of this "
        f"class typically share with the one nearest to them; {OUTLIER_Z} and more stand out."
    )


def _title(ranking: Ranking, slug: str) -> str:
    return clean_line(ranking.standings[slug].column.title or slug, 80)


def _row(part: Part, ranking: Ranking) -> tuple[str, ...]:
    standing = ranking.standings[part.slug]
    return (
        _title(ranking, part.slug),
        f"{part.code_bits:.0f}",
        f"{part.trait_bits:.0f}",
        f"{part.failure_bits:.0f}",
        f"{part.place:,} of {standing.possible:,}",
        f"{part.surprise:.1f}",
    )


def _comparison(anchor: str, one: Detail, ranking: Ranking, who: tuple[str, str], names: _Names) -> Comparison:
    facts = [
        f"{_percent(one.left.share_in_other)} of the uncommon code of {who[0]} is in that of {who[1]} too, "
        f"{_percent(one.right.share_in_other)} the other way round.",
    ]
    if one.same_bytes:
        facts.append("The two files are the same byte for byte.")
    for side, name in zip((one.left, one.right), who, strict=True):
        if not side.exact:
            facts.append(f"Python can't parse the file of {name}: lines with a syntax error are left out.")
    works = len(ranking.standings[one.part.slug].works)
    return Comparison(
        anchor=anchor,
        title=_title(ranking, one.part.slug),
        facts=tuple(facts),
        regions=len(one.regions),
        sides=(
            _listing(one.left, one.regions, 0, who[0], names.file(one.left.work.file)),
            _listing(one.right, one.regions, 1, who[1], names.file(one.right.work.file)),
        ),
        traits=tuple(
            Trait(KINDS[trait.kind], _shown(trait.text), f"{count} of {works:,} have it") for trait, count in one.shared
        ),
    )


def _shown(text: str) -> str:
    return clean_line(text.replace("\n", "; "), TRAIT_MAX_CHARS)


def _listing(side: Side, regions: tuple[Region, ...], which: int, who: str, file: str) -> Listing:
    found = source.listing(side.source.rstrip("\n"), LINES_MAX + side.statement_end)
    at: dict[int, int] = {}
    begins: set[int] = set()
    # The region with most evidence has a line that two claim.
    for number, region in sorted(enumerate(regions, 1), key=lambda pair: pair[1].bits):
        first, last = region.right if which else region.left
        at |= dict.fromkeys(range(first, last + 1), number)
    for number in range(1, len(found) + 1):
        if at.get(number) and at.get(number) != at.get(number - 1):
            begins.add(number)
    lines = tuple(
        Line(n, pieces, at.get(n, 0), (at[n] - 1) % COLOURS + 1 if n in at else 0, n in begins)
        for n, pieces in enumerate(found, 1)
        if n > side.statement_end
    )
    notes = []
    if side.statement_end:
        notes.append(f"Lines 1 to {side.statement_end}, the statement, are left out.")
    if len(found) < side.source.rstrip("\n").count("\n") + 1:
        notes.append(f"Only the first {len(found)} lines are shown.")
    return Listing(who, file, lines, " ".join(notes))
