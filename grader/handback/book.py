"""What is read of a gradebook to hand its grades back, and what an export comes to.

Renderers see a `Book` and no database: the gradebook is one, and so is a class made by hand in a test.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from grader.classroom import Cell, CellState, Column, Graded, Refused, Row, Unmatched
from grader.model import ExerciseResult

if TYPE_CHECKING:
    from grader.gradebook import Run


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

    def result(self, key: str) -> Graded | None:
        """What grading under `key` gave."""
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


def results_of(book: Book, row: Row) -> dict[str, ExerciseResult]:
    """The results of the attempts of a student that count, by slug, as far as they are graded."""
    found = ((cell, graded_of(book, cell)) for cell in row.cells)
    return {cell.slug: graded.result for cell, graded in found if graded is not None}


def graded_of(book: Book, cell: Cell) -> Graded | None:
    """What grading the attempt that counts gave, or None while there is none."""
    if cell.counted is None or not cell.counted.key or cell.state not in (CellState.GRADED, CellState.UNGRADED):
        return None
    return book.result(cell.counted.key)
