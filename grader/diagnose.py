"""Name the one mistake that turns what was expected into what came back.

An explanation is a prediction: "if the student forgot the mean, this tensor would have come back". Each prediction is
compared with what did come back. One that fits is believed only if it can't be luck: an element counts as many bits
as its prediction lies away from the right value, in units of rounding, and the sum has to exceed what the number of
explanations that were tried could reach by chance. Where two different ones fit, nothing is said.

All arithmetic is in float64 on the CPU, on a bounded number of elements: larger tensors are thinned out, the same
way along dimensions of the same size, so that a transposed one stays transposed. Nothing here raises, whatever the
tensors hold. No text has a value of an expected tensor in it, but for a factor between the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from grader import explanations
from grader.case import MAX_OTHERS, Case, Context, Explanation, case_of
from grader.compare import Compared

SPARE_BITS = 10.0  # one false name in a thousand, after paying for the explanations that were tried
MOST_BITS = 40.0  # of one element
NEAR = 30.0  # a second explanation within this many tolerances makes the first one doubtful


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake by its name, and one sentence for the student."""

    name: str
    text: str


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
    if pair.actual is None:
        if not pair.gradient:
            return None
        return Finding(
            "none",
            f"{pair.of} is None: `backward` returns None for it, or the result was cut off from that input on the way"
            " (by `detach`, `.data`, `.item()` or NumPy).",
        )
    case = case_of(pair, context)
    if case is None:
        return None
    fact = explanations.fact(case)
    if fact is not None:
        return Finding(fact[0], f"{pair.of} {fact[1]}")
    if not bool(torch.isfinite(case.got).all()):
        return None
    return _choose(case, list(explanations.all_of(case)), pair.of)


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
