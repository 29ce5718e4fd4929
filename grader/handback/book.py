"""What is read of a gradebook to hand its grades back, and what an export comes to.

Renderers see a `Book` and no database: the gradebook is one, and so is a class made by hand in a test.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from grader.classroom import CellState, Column, Graded, Refused, Row, Unmatched
from grader.model import ExerciseResult

if TYPE_CHECKING:
    from grader.gradebook import Run


PAGE = 20
"""The results of so many students are in memory at a time: a result with its messages takes some tens of KiB."""


class HandBackError(Exception):
    """One line: what can't be handed back, and what to do next."""


class Book(Protocol):
    """The part of a gradebook that is read here. Rows come sorted by name, then key."""

    @property
    def title(self) -> str:
        """The course."""
        ...

    @property
    def columns(self) -> tuple[Column, ...]:
        """The exercises, in course order."""
        ...

    @property
    def policy(self) -> Any:
        """How attempts and lateness count: a struct."""
        ...

    def rows(self, *, student_keys: Collection[str] | None = None) -> Iterator[Row]:
        """The students with what they have, streamed."""
        ...

    def results(self, keys: Iterable[str]) -> dict[str, Graded]:
        """What grading gave, by key, as far as there is something."""
        ...

    def last_run(self) -> Run | None:
        """The run that began last."""
        ...

    def unmatched(self) -> Iterator[Unmatched]:
        """Files of nobody or for no exercise."""
        ...

    def refused(self) -> Iterator[Refused]:
        """Work that was not read."""
        ...

    def source(self, sha256: str) -> bytes | None:
        """The bytes that were handed in."""
        ...


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """One export: its bytes in pieces, to be written one after the other, and lines to say once it is written.

    The pieces may be made while they are written, so `notes` is complete only after the last one.
    """

    pieces: Iterable[bytes]
    notes: list[str]


def with_results(book: Book) -> Iterator[tuple[Row, dict[str, Graded]]]:
    """The students, and by slug what grading the attempts that count gave; read for some of them at a time."""
    rows = book.rows()
    while page := tuple(itertools.islice(rows, PAGE)):
        found = book.results(key for row in page for _, key in _counted(row))
        for row in page:
            yield row, {slug: found[key] for slug, key in _counted(row) if key in found}


def graded_of(book: Book, row: Row) -> dict[str, Graded]:
    """By slug what grading the attempts of one student that count gave, as far as there is something."""
    found = book.results(key for _, key in _counted(row))
    return {slug: found[key] for slug, key in _counted(row) if key in found}


def results_in(graded: Mapping[str, Graded]) -> dict[str, ExerciseResult]:
    """The results alone."""
    return {slug: one.result for slug, one in graded.items()}


def _counted(row: Row) -> Iterator[tuple[str, str]]:
    """Exercise and key of the attempts that count and were graded, or tried."""
    for cell in row.cells:
        if cell.counted is not None and cell.counted.key and cell.state in (CellState.GRADED, CellState.UNGRADED):
            yield cell.slug, cell.counted.key
