"""What the proof of a course wants to know of a check and no student is told.

How near each comparison came to its tolerance, and whether a text for students has a number in it that the suite keeps
to itself: an element of a tensor that the check works with. Both need the tensors, which never leave the judge; what
leaves it are shares of a tolerance, and numbers that were found in a text. Only `grade check` watches.

A number counts if it has four digits, or if it stands in a row of three. What the submission itself returned is its
own, and so is what the suite made of that: such a number is not there when the reference solution runs. Shapes,
indices, counts and differences are for students, and have no more than three digits.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any

import torch

from grader import compare
from grader.judge.digits import Written, telling
from grader.judge.messages import Observed, Shown
from grader.judge.proxy import is_proxy
from grader.judge.transcript import Transcript
from grader.model import CheckResult, Diagnosis, Outcome

MAX_DEPTH = 4
MAX_ITEMS = 200
MAX_ELEMENTS = 200_000  # of all that is kept of one check


@dataclass(slots=True)
class Numbers:
    """The elements of some tensors, each flat and in float64, and the sizes that they had."""

    flat: list[torch.Tensor] = field(default_factory=list)
    sizes: set[float] = field(default_factory=set)

    def add(self, tensors: Iterable[torch.Tensor]) -> None:
        """Keep those that are ordinary numbers, as far as there is room."""
        room = MAX_ELEMENTS - sum(t.numel() for t in self.flat)
        for t in tensors:
            self.sizes |= {float(size) for size in (*t.shape, t.numel())}
            if t.device.type == "meta" or t.layout is not torch.strided or t.is_complex() or t.numel() > room:
                continue
            flat = t.detach().to("cpu", torch.float64).flatten().clone()
            if flat.numel() and not any(torch.equal(flat, other) for other in self.flat):
                room -= flat.numel()
                self.flat.append(flat)

    def have(self, row: Sequence[Written]) -> bool:
        """Whether the numbers of `row` are elements side by side, as they are written."""
        values = torch.tensor([one.value for one in row], dtype=torch.float64)
        halves = torch.tensor([one.half for one in row], dtype=torch.float64) * (1 + 1e-6)
        for t in self.flat:
            if t.numel() >= len(row):
                near = (t.abs().unfold(0, len(row), 1) - values).abs() <= halves
                if bool(near.all(dim=1).any()):
                    return True
        return False


class Watch:
    """Watches the checks of one job: first `watching` around a check, then `ended`, then `suspects`."""

    def __init__(self) -> None:
        self.used: dict[str, float] = {}
        self.missed: dict[str, float] = {}
        self.faults: dict[str, str] = {}
        self.shown: list[Shown] = []
        self._shares: list[float] = []
        self._hidden, self._own = Numbers(), Numbers()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Note the comparisons inside the block: the suite's own, torch's, and those of gradcheck."""
        self._shares = []
        self._hidden, self._own = Numbers(), Numbers()
        close, allclose = torch.testing.assert_close, torch.allclose

        def watched_close(actual: Any, expected: Any, *args: Any, **kwargs: Any) -> None:
            self._note(actual, expected, kwargs.get("rtol"), kwargs.get("atol"))
            close(actual, expected, *args, **kwargs)

        def watched_allclose(
            input: torch.Tensor, other: torch.Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
        ) -> bool:
            self._note(input, other, rtol, atol)
            return allclose(input, other, rtol, atol, equal_nan)

        compare.observers.append(self._observe)
        torch.testing.assert_close = watched_close
        torch.allclose = watched_allclose
        try:
            yield
        finally:
            compare.observers.remove(self._observe)
            torch.testing.assert_close = close
            torch.allclose = allclose

    def _observe(self, actual: Any, expected: Any, of: str, rtol: float | None, atol: float | None) -> None:
        self._note(actual, expected, rtol, atol)

    def _note(self, actual: Any, expected: Any, rtol: float | None, atol: float | None) -> None:
        with contextlib.suppress(Exception):
            share = compare.share_of_tolerance(actual, expected, rtol, atol)
            if share is not None:
                self._shares.append(share)
            if isinstance(expected, torch.Tensor):
                self._hidden.add([expected])

    def ended(self, check: str, error: BaseException | None, suite: str, said: Transcript | None) -> None:
        """The check `check` of the file `suite` ended with `error`; `said` is what the submission answered."""
        if error is None:
            # gradcheck takes a second look where its quick form sees a difference.
            passed = [share for share in self._shares if share <= 1]
            if passed:
                self.used[check] = max(passed)
            return
        if self._shares and 1 < self._shares[-1] < math.inf:
            self.missed[check] = self._shares[-1]
        with contextlib.suppress(Exception):
            self._hidden.add(_locals_of(error.__traceback__, suite))
            self._own.add(said.tensors() if said is not None else ())

    def suspects(self, check: CheckResult, diagnoses: Iterable[Diagnosis]) -> list[list[Written]]:
        """The numbers in the texts about the check that ended last that look like values of the suite."""
        # An exception of the student's code is in the student's words.
        failed = check.outcome is Outcome.FAILED
        figure = (check.figure.label, check.figure.text) if check.figure is not None else ()
        texts = (check.call, *((check.message, check.expected, *figure) if failed else ()))
        found: list[list[Written]] = []
        for text in (*texts, *(one.text for one in diagnoses if one.check == check.id)):
            numbers, rows = telling(text)
            sizes = self._hidden.sizes | self._own.sizes
            rows += [[one] for one in numbers if one.point or one.value not in sizes]
            found += [row for row in rows if self._hidden.have(row) and not self._own.have(row)]
        return found

    def observed(self) -> Observed:
        """What was seen of the whole job."""
        return Observed(used=self.used, missed=self.missed, faults=self.faults, shown=tuple(dict.fromkeys(self.shown)))


@contextlib.contextmanager
def values_of(suite: str) -> Iterator[Numbers]:
    """The numbers that the functions of the file `suite` hold when they return inside the block."""
    found = Numbers()

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code.co_filename == suite:
            with contextlib.suppress(Exception):
                found.add(_in_frame(frame))

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield found
    finally:
        sys.setprofile(before)


def _locals_of(traceback: TracebackType | None, suite: str) -> Iterator[torch.Tensor]:
    """The numbers in the functions of the file `suite` that an exception went through."""
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == suite:
            yield from _in_frame(traceback.tb_frame)
        traceback = traceback.tb_next


def _in_frame(frame: FrameType) -> Iterator[torch.Tensor]:
    for value in list(frame.f_locals.values())[:MAX_ITEMS]:
        yield from _tensors(value, MAX_DEPTH)


def _tensors(value: Any, depth: int) -> Iterator[torch.Tensor]:
    if is_proxy(value) or depth == 0:
        return
    if isinstance(value, torch.Tensor):
        yield value
        if value.is_leaf and value.grad is not None:
            yield value.grad
    elif type(value) is float:
        yield torch.tensor([value], dtype=torch.float64)
    elif type(value) in (list, tuple):
        items = list(value[:MAX_ITEMS])
        if len(items) > 1 and all(type(one) in (float, int) for one in items):
            yield torch.tensor(items, dtype=torch.float64)
            return
        for item in items:
            yield from _tensors(item, depth - 1)
    elif type(value) is dict:
        for item in list(value.values())[:MAX_ITEMS]:
            yield from _tensors(item, depth - 1)
    elif isinstance(value, torch.nn.Module):
        yield from list(value.parameters())[:MAX_ITEMS]
