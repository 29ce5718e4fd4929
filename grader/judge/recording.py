"""What a check computes when the reference solution is under test: the context of a diagnosis.

A check that failed is run once more on the reference solution, with the same inputs, and watched: each comparison with
the tensors that the suite's functions hold at that moment, and each gradient that the suite asks torch for, together
with what it would be if the incoming gradient were one everywhere. So an author writes nothing for it. Only runs of the
author's own code are watched, and only their tensors are kept.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import torch

from grader import compare
from grader.case import Context, Named
from grader.compare import Compared

MAX_COMPARISONS = 64
MAX_GRADIENTS = 24
MAX_INPUTS = 16
MAX_ELEMENTS = 500_000  # of all tensors that a recording keeps
MAX_FRAMES = 20


@dataclass(slots=True)
class Comparison:
    """One comparison: what was expected, the tensors at hand, and the gradients computed so far in the check."""

    of: str
    expected: torch.Tensor
    inputs: list[Named]
    gradients: int
    ignoring: int


@dataclass(slots=True)
class Recording:
    """All that was seen in one run of one check. Tensors are copies."""

    suite: str
    comparisons: list[Comparison] = field(default_factory=list)
    gradients: list[Named] = field(default_factory=list)
    ignoring: list[torch.Tensor] = field(default_factory=list)
    elements: int = 0

    def place(self, pair: Compared) -> int | None:
        """Which of the comparisons is that of `pair`; None where there is none with these inputs."""
        for i, c in enumerate(self.comparisons):
            if c.of == pair.of and _same(c.expected, pair.expected):
                return i
        return None

    def context(self, pair: Compared, shown: set[str]) -> Context:
        """What is known besides the two tensors of `pair`. Names that are not in `shown` are left out."""
        place = self.place(pair)
        if place is None:
            return Context()
        comparison = self.comparisons[place]
        before = self.comparisons[:place]

        def name(text: str) -> str:
            return text if text in shown else ""

        right = [t for _, t in self.gradients] + [c.expected for c in self.comparisons]
        own = [(name(n), t) for n, t in comparison.inputs if not any(_same(t, other) for other in right)]
        gradients = [(name(n), t) for n, t in self.gradients[: comparison.gradients]]
        earlier: list[torch.Tensor] = []
        for c in before:
            if pair.gradient and c.of != pair.of:
                gradients.append(("", c.expected))
            else:
                earlier.append(c.expected)
        return Context(
            inputs=tuple(own),
            gradients=tuple(reversed(gradients)),
            ignoring=tuple(reversed(self.ignoring[: comparison.ignoring])),
            earlier=tuple(earlier),
        )

    # ---- while it runs ----

    def keep(self, t: torch.Tensor) -> torch.Tensor | None:
        """A copy of `t`, or None when the recording is full."""
        if t.device.type == "meta" or t.layout is not torch.strided or self.elements + t.numel() > MAX_ELEMENTS:
            return None
        self.elements += t.numel()
        return t.detach().clone()

    def compared(self, actual: Any, expected: Any, of: str) -> None:
        """An observer of `grader.compare`."""
        if len(self.comparisons) >= MAX_COMPARISONS:
            return
        value = expected if isinstance(expected, torch.Tensor) else torch.tensor(float(expected), dtype=torch.float64)
        kept = self.keep(value)
        if kept is None:
            return
        inputs: list[Named] = []
        for name, t in tensors_of(self.frames()):
            copy = self.keep(t) if len(inputs) < MAX_INPUTS else None
            if copy is not None:
                inputs.append((name, copy))
        self.comparisons.append(Comparison(of, kept, inputs, len(self.gradients), len(self.ignoring)))

    def differentiated(self, leaves: Sequence[Any], right: Sequence[Any], ignoring: Sequence[Any]) -> None:
        """The suite asked for gradients: `right` are those of `leaves`, `ignoring` for an incoming gradient of ones."""
        names = {id(t): name for name, t in reversed(list(tensors_of(self.frames())))}
        for leaf, gradient in zip(leaves, right, strict=True):
            if isinstance(gradient, torch.Tensor) and len(self.gradients) < MAX_GRADIENTS:
                kept = self.keep(gradient)
                if kept is not None:
                    self.gradients.append((names.get(id(leaf), ""), kept))
        for gradient in ignoring:
            if isinstance(gradient, torch.Tensor) and len(self.ignoring) < MAX_GRADIENTS:
                kept = self.keep(gradient)
                if kept is not None:
                    self.ignoring.append(kept)

    def frames(self) -> list[FrameType]:
        """The frames of the suite's own functions that are running, innermost first."""
        found: list[FrameType] = []
        frame: FrameType | None = sys._getframe(1)
        for _ in range(MAX_FRAMES):
            if frame is None:
                break
            if frame.f_code.co_filename == self.suite:
                found.append(frame)
            frame = frame.f_back
        return found


def tensors_of(frames: Sequence[FrameType]) -> Iterator[Named]:
    """The local variables of `frames` that are tensors, by name."""
    for frame in frames:
        for name, value in frame.f_locals.items():
            if isinstance(value, torch.Tensor):
                yield name, value


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape or one.device != other.device:
        return False
    if not one.dtype.is_floating_point:
        return torch.equal(one, other)
    return torch.allclose(one, other, rtol=1e-6, atol=0, equal_nan=True)


@contextlib.contextmanager
def recording(suite: str) -> Iterator[Recording]:
    """Watch what the functions of the file `suite` compare and differentiate inside the block."""
    made = Recording(suite)
    grad, backward = torch.autograd.grad, torch.Tensor.backward
    close = torch.testing.assert_close

    def watched_grad(outputs: Any, inputs: Any, grad_outputs: Any = None, *args: Any, **kwargs: Any) -> Any:
        if not _asked_by_the_suite(suite):
            return grad(outputs, inputs, grad_outputs, *args, **kwargs)
        leaves = [inputs] if isinstance(inputs, torch.Tensor) else list(inputs)
        ignoring = _with_ones(grad, outputs, leaves, grad_outputs)
        answer = grad(outputs, inputs, grad_outputs, *args, **kwargs)
        with contextlib.suppress(Exception):
            made.differentiated(leaves, list(answer), ignoring)
        return answer

    def watched_backward(self: torch.Tensor, gradient: Any = None, *args: Any, **kwargs: Any) -> Any:
        if _asked_by_the_suite(suite):
            with contextlib.suppress(Exception):
                leaves = leaves_of(self)
                right = grad(self, leaves, gradient, retain_graph=True, allow_unused=True) if leaves else ()
                made.differentiated(leaves, list(right), _with_ones(grad, self, leaves, gradient))
        return backward(self, gradient, *args, **kwargs)  # type: ignore[no-untyped-call]

    def watched_close(actual: Any, expected: Any, *args: Any, **kwargs: Any) -> None:
        with contextlib.suppress(Exception):
            made.compared(actual, expected, "The result")
        close(actual, expected, *args, **kwargs)

    def observer(actual: Any, expected: Any, of: str, *_: object) -> None:
        with contextlib.suppress(Exception):
            made.compared(actual, expected, of)

    compare.observers.append(observer)
    torch.autograd.grad = watched_grad
    torch.Tensor.backward = watched_backward  # type: ignore[method-assign]
    torch.testing.assert_close = watched_close
    try:
        yield made
    finally:
        compare.observers.remove(observer)
        torch.autograd.grad = grad
        torch.Tensor.backward = backward  # type: ignore[method-assign]
        torch.testing.assert_close = close


def _asked_by_the_suite(suite: str) -> bool:
    return sys._getframe(2).f_code.co_filename == suite


def _with_ones(grad: Callable[..., Any], outputs: Any, leaves: list[Any], incoming: Any) -> list[Any]:
    """The gradients of one output if the incoming gradient were one everywhere; nothing where that is what it is."""
    output = outputs if isinstance(outputs, torch.Tensor) else outputs[0] if len(outputs) == 1 else None
    if output is None or incoming is None or not leaves:
        return []
    with contextlib.suppress(Exception):
        return list(grad(output, leaves, torch.ones_like(output), retain_graph=True, allow_unused=True))
    return []


def leaves_of(output: torch.Tensor) -> list[torch.Tensor]:
    """The leaves that a backward from `output` reaches, at most a hundred."""
    found: list[torch.Tensor] = []
    todo: list[Any] = [output.grad_fn]
    seen: set[Any] = set()
    while todo and len(found) < 100 and len(seen) < 10_000:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if isinstance(leaf, torch.Tensor):
            found.append(leaf)
        todo += [following for following, _ in node.next_functions]
    return found
