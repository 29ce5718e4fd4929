"""What there is to explain: two tensors and their context, made ready for arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from grader.compare import Compared

Named = tuple[str, torch.Tensor]

MAX_ELEMENTS = 40_000
MAX_DIMENSIONS = 8
MAX_OTHERS = 12  # of each kind: inputs, other gradients, earlier results

# How closely a right answer that went through one mistake agrees with its prediction, in parts of the largest element:
# some tens of roundings. Coarser than the dtype, finer than the tolerance of a comparison.
_PRECISION = {torch.float64: 1e-10, torch.float32: 4e-6, torch.float16: 4e-3, torch.bfloat16: 3e-2}
_EXACT = 1e-12
_NUMBER = 2e-6  # of a float32 without dimensions: one element has to carry all the evidence


@dataclass(frozen=True, slots=True)
class Context:
    """What else is known of a check when two tensors of it are compared. Empty names are not to be shown.

    `inputs` are tensors that the check works with, `gradients` the right gradients of any of its inputs, `ignoring`
    what gradients would be if every incoming gradient were one, `earlier` what earlier calls had to give.
    """

    inputs: tuple[Named, ...] = ()
    gradients: tuple[Named, ...] = ()
    ignoring: tuple[torch.Tensor, ...] = ()
    earlier: tuple[torch.Tensor, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """`predicted` is what would have come back; `text` goes on after the name of the tensor, without a period.

    What follows a colon in it is a remark or a question; how well the prediction fits is said before.

    Explanations of a lower `level` are simpler: those of a higher one count only where none of them fits. `free` is
    the number of bits that were chosen to fit. `seen` stands for what came back where that was transformed as well,
    and `right` for what `predicted` has to differ from; both are None for the obvious.
    """

    name: str
    text: str
    predicted: torch.Tensor
    level: int = 0
    free: float = 0.0
    seen: torch.Tensor | None = None
    right: torch.Tensor | None = None
    tried: int = 1


@dataclass(frozen=True, slots=True)
class Case:
    """Two tensors in float64, thinned out, with their context. `whole` says that nothing was left out."""

    got: torch.Tensor
    want: torch.Tensor
    precision: float
    slack: float
    gradient: bool
    whole: bool
    exact: bool
    context: Context
    dtype: torch.dtype

    @property
    def same_shape(self) -> bool:
        return self.got.shape == self.want.shape


def case_of(pair: Compared, context: Context) -> Case | None:
    """`pair` and `context` in float64, thinned out; None where they are no tensors of ordinary numbers."""
    got, want = pair.actual, pair.expected
    assert got is not None
    if not (_usable(got) and _usable(want)):
        return None
    whole = got.numel() <= MAX_ELEMENTS and want.numel() <= MAX_ELEMENTS
    if not whole and got.shape != want.shape and got.shape != want.mT.shape:
        return None  # thinned out, sums over a dimension can't be told
    exact = not want.dtype.is_floating_point
    precision = _EXACT if exact else pair.precision or max(_precision(want, pair.rtol), _precision(got, None))
    want_thin = _thin(want, whole)
    if not bool(torch.isfinite(want_thin).all()):
        return None
    return Case(
        got=_thin(got, whole),
        want=want_thin,
        precision=precision,
        slack=pair.atol or 0.0,
        gradient=pair.gradient,
        whole=whole,
        exact=exact,
        context=_thin_context(context, want, whole),
        dtype=want.dtype,
    )


def _usable(t: Any) -> bool:
    return (
        type(t) in (torch.Tensor, torch.nn.Parameter)
        and t.layout is torch.strided
        and t.device.type != "meta"
        and not t.dtype.is_complex
        and not t.is_quantized
        and t.numel() > 0
        and t.dim() <= MAX_DIMENSIONS
    )


def _precision(t: torch.Tensor, rtol: float | None) -> float:
    usual = _NUMBER if t.numel() == 1 and t.dtype == torch.float32 else _PRECISION.get(t.dtype, _EXACT)
    # A suite that allows more than usual knows that the computation is that coarse.
    return max(usual, rtol or 0.0)


def _thin(t: torch.Tensor, whole: bool) -> torch.Tensor:
    t = t.detach().resolve_conj().resolve_neg()
    if not whole:
        t = thinned(t)
    return t.to("cpu", torch.float64)


def thinned(t: torch.Tensor) -> torch.Tensor:
    """At most about `MAX_ELEMENTS` elements of `t`, evenly spread; what is taken of a dimension depends on its size."""
    most = max(2, int(MAX_ELEMENTS ** (1 / max(1, t.dim()))))
    short = math.prod(size for size in t.shape if size <= most) or 1
    long = sum(size > most for size in t.shape)
    room = max(2, int((MAX_ELEMENTS / short) ** (1 / max(1, long))))
    # Integer arithmetic, so that it is the same for each dimension of that size; all at once, since half of the
    # dimensions may still be far too much.
    chosen = [
        torch.arange(size) if size <= room else torch.tensor([i * (size - 1) // (room - 1) for i in range(room)])
        for size in t.shape
    ]
    index = [c.view([-1 if d == dim else 1 for d in range(t.dim())]) for dim, c in enumerate(chosen)]
    return t[tuple(i.to(t.device) for i in index)]


def _thin_context(context: Context, want: torch.Tensor, whole: bool) -> Context:
    def ready(t: torch.Tensor) -> bool:
        return _usable(t) and (t.numel() <= MAX_ELEMENTS or t.shape == want.shape)

    def thin(t: torch.Tensor) -> torch.Tensor:
        return _thin(t, whole or t.shape != want.shape)

    return Context(
        inputs=tuple((name, t) for name, t in context.inputs if _usable(t)),  # thinned where they are used
        gradients=tuple((name, thin(t)) for name, t in context.gradients if ready(t)),
        ignoring=tuple(thin(t) for t in context.ignoring if ready(t)),
        earlier=tuple(thin(t) for t in context.earlier if ready(t)),
    )


def values_of(case: Case, t: torch.Tensor) -> torch.Tensor | None:
    """An input as float64, thinned out like the expected tensor where it has its shape; None where it is too large."""
    if t.numel() <= MAX_ELEMENTS and case.whole:
        return _thin(t, True)
    thin = _thin(t, False)
    return thin if thin.shape == case.want.shape else None


def distinct(tensors: Iterable[Named], shape: torch.Size) -> Iterator[Named]:
    """Those of the given shape, each value once."""
    seen: list[torch.Tensor] = []
    for name, t in tensors:
        if t.shape == shape and not any(torch.equal(t, other) for other in seen):
            seen.append(t)
            yield name, t
