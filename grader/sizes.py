"""Which number a factor is: the rows, the columns or the elements of something."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

MAX_SIZES = 10


@dataclass(frozen=True, slots=True)
class Size:
    """A number above 1 with what it counts; `what` has no more than two phrases."""

    number: int
    what: tuple[str, ...]

    @property
    def words(self) -> str:
        """The number of rows of H and of its own columns, say."""
        return "the number of " + " and of ".join(self.what)


def sizes(own: Sequence[int], inputs: Sequence[tuple[str, torch.Tensor]]) -> list[Size]:
    """The sizes in a check: of the tensor itself, whose shape is `own`, and of its inputs. Named inputs come first."""
    found: dict[int, list[str]] = {}
    for number, what in _all(own, sorted(inputs, key=lambda item: not item[0])):
        if number < 2 or (number not in found and len(found) >= MAX_SIZES):
            continue
        known = found.setdefault(number, [])
        # One phrase of a kind is enough: rows of H are rows of Z.
        if len(known) < 2 and not any(_kind(what) == _kind(other) for other in known):
            known.append(what)
    return [Size(number, tuple(what)) for number, what in found.items()]


def _kind(what: str) -> str:
    return what.removeprefix("its own ").partition(" ")[0]


def _all(own: Sequence[int], inputs: Sequence[tuple[str, torch.Tensor]]) -> Iterator[tuple[int, str]]:
    for name, t in inputs:
        # The elements of a vector of labels are the rows of the matrix beside it: said once, as rows.
        if t.dim() == 2:
            yield from _dimensions(tuple(t.shape), f" of {name or 'an input'}")
    yield from _dimensions(own, "")
    for name, t in inputs:
        if t.dim() != 2 and t.dim() > 0:
            yield from _dimensions(tuple(t.shape), f" of {name or 'an input'}")
    for name, t in inputs:
        if t.dim() > 1:
            yield t.numel(), f"elements of {name or 'an input'}"
    if len(own) > 1:
        yield math.prod(own), "its own elements"


def _dimensions(shape: Sequence[int], of: str) -> Iterator[tuple[int, str]]:
    its = "" if of else "its own "
    match len(shape):
        case 0:
            return
        case 1:
            yield shape[0], f"{its}elements{of}"
        case 2:
            yield shape[0], f"{its}rows{of}"
            yield shape[1], f"{its}columns{of}"
        case _:
            for dim, size in enumerate(shape):
                yield size, f"{its}entries along dimension {dim}{of}"
