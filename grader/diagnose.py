"""Name the one mistake that turns what was expected into what came back.

An explanation is a prediction: "if the student forgot the mean, this tensor would have come back". Each prediction is
compared with what did come back. One that fits is believed only if it can't be luck: an element counts as many bits
as its prediction lies away from the right value, in units of rounding, and the sum has to exceed what the number of
explanations that were tried could reach by chance. Where two different ones fit, nothing is said.

All arithmetic is in float64 on the CPU, on at most `MAX_ELEMENTS` elements: larger tensors are thinned out, the same
way along dimensions of the same size, so that a transposed one stays transposed. Nothing here raises, whatever the
tensors hold. No text has a value of an expected tensor in it, but for a factor between the two.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from grader.compare import Compared

Named = tuple[str, torch.Tensor]

MAX_ELEMENTS = 40_000
MAX_DIMENSIONS = 8
MAX_OTHERS = 12  # of each kind: inputs, other gradients, earlier results
SPARE_BITS = 10.0  # one false name in a thousand, after paying for the explanations that were tried
MOST_BITS = 40.0  # of one element
NEAR = 30.0  # a second explanation within this many tolerances makes the first one doubtful

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
class Finding:
    """A mistake by its name, and one sentence for the student."""

    name: str
    text: str


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


def diagnose(pair: Compared, context: Context | None = None) -> Finding | None:
    """The one explanation for the difference between the two tensors of `pair`, or None. Never raises."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # tensors are small here: waking others up takes six times as long as the work
    try:
        with torch.no_grad():
            return _diagnose(pair, _joined(pair, context or Context()))
    except Exception:  # noqa: BLE001  a hint is not worth an error, whatever a submission returned
        return None
    finally:
        torch.set_num_threads(threads)


def _joined(pair: Compared, context: Context) -> Context:
    """The context with what the comparison itself knows."""
    return Context(
        inputs=(*pair.inputs, *context.inputs)[: 2 * MAX_OTHERS],
        gradients=(*pair.gradients, *context.gradients)[:MAX_OTHERS],
        ignoring=(*pair.ignoring, *context.ignoring)[:MAX_OTHERS],
        earlier=context.earlier[-MAX_OTHERS:],
    )


def _diagnose(pair: Compared, context: Context) -> Finding | None:
    from grader import explanations  # it needs the nouns of this module

    if pair.actual is None:
        if not pair.gradient:
            return None
        return Finding(
            "none",
            f"{pair.of} is None: `backward` returns None for it, or the result was cut off from that input on the way"
            " (by `detach`, `.data`, `.item()` or NumPy).",
        )
    case = _case(pair, context)
    if case is None:
        return None
    fact = explanations.fact(case)
    if fact is not None:
        return Finding(fact[0], f"{pair.of} {fact[1]}")
    if not bool(torch.isfinite(case.got).all()):
        return None
    return _choose(case, list(explanations.all_of(case)), pair.of)


# ---- tensors ----


def _case(pair: Compared, context: Context) -> Case | None:
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


# ---- evidence ----


def _choose(case: Case, tried: Sequence[Explanation], of: str) -> Finding | None:
    need = SPARE_BITS + math.log2(max(1, sum(e.tried for e in tried)))
    fitting = [(e, *_fit(case, e)) for e in tried]
    close = [(e, miss) for e, miss, bits in fitting if miss <= NEAR and bits - e.free >= need]
    if not close:
        return None
    level = min(e.level for e, miss in close if miss <= 1) if any(miss <= 1 for _, miss in close) else None
    if level is None:
        return None
    names = {(e.name, e.text) for e, _ in close if e.level <= level}
    if len({name for name, _ in names}) > 1:
        return None
    best = min((e for e, miss in close if e.level == level and miss <= 1), key=lambda e: e.free)
    seen = case.got if best.seen is None else best.seen
    statement, colon, more = best.text.partition(": ")
    end = "" if more.endswith("?") else "."
    return Finding(best.name, f"{of} {statement} ({_residual(seen, best.predicted)}){colon}{more}{end}")


def _fit(case: Case, e: Explanation) -> tuple[float, float]:
    """How far what came back is from the prediction, in tolerances, and the bits of evidence in the prediction."""
    seen = case.got if e.seen is None else e.seen
    predicted = e.predicted
    if seen.shape != predicted.shape:
        return math.inf, 0.0
    scale = float(predicted.abs().max())
    if not 0 < scale < math.inf:
        return math.inf, 0.0
    tolerance = max(case.precision * scale, case.slack, 5e-324)
    miss = float((seen - predicted).abs().max()) / tolerance
    if not miss <= NEAR:  # NaN included
        return math.inf, 0.0
    right = e.right
    if right is None:
        right = case.want if case.want.shape == predicted.shape else torch.zeros_like(predicted)
    return miss, bits(predicted, right, tolerance)


def bits(predicted: torch.Tensor, right: torch.Tensor, tolerance: float) -> float:
    """How unlikely it is to meet `predicted` by chance, in bits.

    An element gives log2 of its distance from the right value in tolerances. One that repeats an earlier element, or
    is a small whole number (or was to be one), gives no more than such values do among the elements.
    """
    distance = ((predicted - right).abs() / tolerance).clamp(1, 2**MOST_BITS).log2().flatten()
    flat = predicted.flatten()
    count = flat.numel()
    _, group, sizes = torch.unique((flat / (8 * tolerance)).round(), return_inverse=True, return_counts=True)
    share = torch.log2(count / sizes.double())
    repeated = torch.minimum(distance, share[group])
    plain = _plain(flat) | (_plain(right.flatten()) & (right.flatten() != 0))
    repeated = torch.where(plain, torch.minimum(repeated + 1, distance), repeated)
    first = torch.zeros(len(sizes), dtype=torch.float64).scatter_reduce(0, group, distance, "amax")
    of_group = torch.zeros(len(sizes), dtype=torch.float64).scatter_add(0, group, repeated)
    whole = torch.zeros(len(sizes), dtype=torch.bool).index_put((group[plain],), torch.tensor(True))
    # The first of a group of equal elements is as good as any; the others follow from it.
    once = of_group - of_group / sizes + torch.maximum(first, of_group / sizes)
    return float(torch.where(whole, of_group, once).sum())


def _plain(flat: torch.Tensor) -> torch.Tensor:
    return (flat == flat.round()) & (flat.abs() <= 16)


def _residual(seen: torch.Tensor, predicted: torch.Tensor) -> str:
    largest = float((seen - predicted).abs().max())
    return "exactly" if largest == 0 else f"largest difference {largest:.0e}"


def distinct(tensors: Iterable[Named], shape: torch.Size) -> Iterator[Named]:
    """Those of the given shape, each value once."""
    seen: list[torch.Tensor] = []
    for name, t in tensors:
        if t.shape == shape and not any(torch.equal(t, other) for other in seen):
            seen.append(t)
            yield name, t
