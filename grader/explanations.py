"""The mistakes that numbers can tell, each as a prediction of what comes back when it is made.

`fact` are what needs no guess: all zero, rounded to a narrower dtype, wrong only where an input is zero. `all_of` are
predictions, to be tried by `grader.diagnose`; a text goes on after the name of the tensor and ends without a period.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from grader.case import MAX_OTHERS, Case, Explanation, Named, distinct, values_of
from grader.labels import with_labels
from grader.sizes import Size, sizes

MOST_ROWS = 2_000  # that are looked for in another order
_LUCK_BITS = 7.0  # how unlikely the pattern of zeros has to be

_NARROWER = {
    torch.float64: (torch.float32, torch.float16, torch.bfloat16),
    torch.float32: (torch.float16, torch.bfloat16),
}
_FACTORS = {2.0: "twice the expected one", 0.5: "half the expected one"}
_FACTORS |= {float(k): f"{k} times the expected one" for k in (3, 4, 5, 8, 10, 100)}
_FACTORS |= {1 / k: f"the expected one divided by {k}" for k in (3, 4, 5, 8, 10, 100)}
_LOGARITHMS = {
    math.log2(math.e): "the expected one with logarithms to base 2 instead of natural ones",
    math.log10(math.e): "the expected one with logarithms to base 10 instead of natural ones",
}


def fact(case: Case) -> tuple[str, str] | None:
    """A name and the rest of a sentence, where these are plain from the numbers; or None."""
    if not case.same_shape:
        return None
    got, want = case.got, case.want
    if not bool(got.any()) and bool(want.any()):
        where = "is zero everywhere" if got.dim() else "is zero"
        return "zero", f"{where}, and the expected one is not."
    at_zero = _except_at_zero(case)
    if at_zero is not None:
        return at_zero
    return _rounded(case)


def _except_at_zero(case: Case) -> tuple[str, str] | None:
    got, want = case.got, case.want
    tolerance = max(case.precision * float(want.abs().max()), case.slack)
    wrong = ~((got - want).abs() <= tolerance)
    count, total = int(wrong.sum()), wrong.numel()
    if not 0 < count < total or math.log2(math.comb(total, min(count, total - count, 40))) < _LUCK_BITS:
        return None
    found = set()
    for name, t in case.context.inputs:
        values = values_of(case, t) if t.shape == want.shape or case.whole else None
        if values is not None and values.shape == want.shape and torch.equal(values == 0, wrong):
            found.add(name)
    if not found:
        return None
    name = next(iter(found)) if len(found) == 1 else ""
    return "except_at_zero", f"is right except where {name or 'an input'} is exactly 0."


def _rounded(case: Case) -> tuple[str, str] | None:
    got, want = case.got, case.want
    for narrower in _NARROWER.get(case.dtype, ()):
        if _only_rounded(got, want, narrower):
            name, whole = (str(dtype).removeprefix("torch.") for dtype in (narrower, case.dtype))
            return (
                "rounded",
                f"is right only to the precision of {name}: on the way, {whole} became {name}.",
            )
    return None


def _only_rounded(got: torch.Tensor, want: torch.Tensor, narrower: torch.dtype) -> bool:
    """Whether what came back is what was expected in `narrower`."""
    eps = torch.finfo(narrower).eps
    error = (got - want).abs()
    scale = float(want.abs().max())
    # Several roundings at most, and elements that are numbers of the narrower dtype and no whole numbers.
    exact = got == got.to(narrower).to(torch.float64)
    return (
        float(error.max()) <= 8 * eps * scale
        and bool(exact.all())
        and int((got != got.round()).sum()) > min(1, got.numel() - 1)
        and not bool((want == want.to(narrower).to(torch.float64)).all())
    )


def all_of(case: Case) -> Iterator[Explanation]:
    """Every explanation that can be tried on this case."""
    if not case.same_shape:
        yield from _shapes(case)
        return
    yield from _factors(case)
    yield from _elementwise(case)
    yield from _orders(case)
    yield from _others(case)
    yield from _inputs(case)
    if case.whole and not case.exact:
        yield from _softmax(case)
        yield from with_labels(case)


# ---- another shape ----


def _shapes(case: Case) -> Iterator[Explanation]:
    got, want = case.got, case.want
    if got.dim() >= 2 and got.mT.shape == want.shape:
        yield Explanation("transposed", "is the expected one transposed", want.mT)
    if not case.whole:
        return
    if got.numel() == want.numel():
        one = [size for size in got.shape if size != 1] == [size for size in want.shape if size != 1]
        name, text = (
            ("dimension_of_one", "has the right values; what is left over or missing is a dimension of size 1")
            if one
            else ("reshaped", "has the right numbers in the right order, but in another shape")
        )
        yield Explanation(name, text, want.reshape(got.shape))
        return
    if got.numel() > want.numel():
        yield from _reduced(case)
        if _broadcasts(want, got):
            text = "has the right values, repeated along a dimension that should not be there"
            yield Explanation("repeated", text, want.expand(got.shape).clone())
    else:
        for dims in _dims(want, got):
            where = _along(dims)
            yield Explanation(
                "summed_too_much", f"is the expected one summed {where}", _fold(want, dims, got), free=1.0
            )
            mean = _fold(want, dims, got) * got.numel() / want.numel()
            yield Explanation("averaged_too_much", f"is the expected one averaged {where}", mean, free=1.0)


def _reduced(case: Case) -> Iterator[Explanation]:
    """Right after a sum or a mean over some dimensions."""
    got, want = case.got, case.want
    for dims in _dims(got, want):
        where = _along(dims)
        total = _fold(got, dims, want)
        why = "does a dimension that was broadcast have to be summed?" if case.gradient else "is the sum missing?"
        text = f"is right once it is summed {where}: {why}"
        yield Explanation("not_summed", text, want, 1, seen=total, right=torch.zeros_like(want))
        mean = total * want.numel() / got.numel()
        text = f"is right once it is averaged {where}: is the mean missing?"
        yield Explanation("not_averaged", text, want, 1, seen=mean, right=torch.zeros_like(want))


def _dims(large: torch.Tensor, small: torch.Tensor) -> Iterator[tuple[int, ...]]:
    """The sets of dimensions of `large` over which a sum may have the shape of `small`."""
    if small.dim() == 0 or small.numel() == 1:
        yield tuple(range(large.dim()))
        return
    for dim in range(large.dim()):
        rest = large.shape[:dim] + large.shape[dim + 1 :]
        if torch.Size(s for s in rest if s != 1) == torch.Size(s for s in small.shape if s != 1):
            yield (dim,)
    if _broadcasts(small, large):
        padded = (1,) * (large.dim() - small.dim()) + tuple(small.shape)
        dims = tuple(d for d, size in enumerate(padded) if size == 1 and large.shape[d] != 1)
        if len(dims) > 1:
            yield dims


def _fold(t: torch.Tensor, dims: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
    return t.sum(dim=dims).reshape(like.shape)


def _along(dims: tuple[int, ...]) -> str:
    if len(dims) == 1:
        return f"over dimension {dims[0]}"
    return f"over the dimensions {', '.join(map(str, dims[:-1]))} and {dims[-1]}" if dims else "up"


def _broadcasts(small: torch.Tensor, large: torch.Tensor) -> bool:
    pairs = zip(reversed(small.shape), reversed(large.shape), strict=False)
    return small.dim() <= large.dim() and all(a in (1, b) for a, b in pairs)


# ---- factors ----


def _factors(case: Case) -> Iterator[Explanation]:
    got, want = case.got, case.want
    found = sizes(_true_shape(case), case.context.inputs)
    known = _known_factors(found)
    unit = want / want.abs().max()
    square = float((unit * unit).sum())
    factor = float((got / want.abs().max() * unit).sum()) / square if square > 0 else math.nan
    if not 1e-6 < abs(factor) < 1e6 or abs(factor - 1) < 10 * case.precision:
        return
    near = [k for k in known if abs(factor / k - 1) <= 3 * case.precision]
    if near:
        value = min(near, key=lambda k: abs(factor / k - 1))
        name, text = known[value]
        yield Explanation(name, text, value * want, tried=len(known))
    elif not case.exact and want.numel() >= 3:
        digits = f"{factor:.3g}"
        text = f"is the expected one times one and the same factor everywhere, about {digits}"
        yield Explanation("scaled", text, factor * want, level=1, free=_bits(case))


def _bits(case: Case) -> float:
    """The bits of one number that is chosen to fit."""
    return 4 - math.log2(case.precision)


def _true_shape(case: Case) -> tuple[int, ...]:
    # What was thinned out has lost its sizes.
    return tuple(case.want.shape) if case.whole else ()


def _known_factors(found: list[Size]) -> dict[float, tuple[str, str]]:
    """What it means to be a factor off: a name and a text for each."""
    known = {-1.0: ("negated", "is the expected one with the opposite sign")}
    known |= {k: ("doubled" if k == 2 else "halved" if k == 0.5 else "scaled", f"is {t}") for k, t in _FACTORS.items()}
    known |= {k: ("other_logarithm", f"is {text}") for k, text in _LOGARITHMS.items()}
    for over in found:
        for under in found:
            if over.number != under.number and over.number % under.number and under.number % over.number:
                text = (
                    f"is {over.number}/{under.number} of the expected one, as if it were divided by {under.words}"
                    f" ({under.number}) and not by {over.words} ({over.number})"
                )
                known.setdefault(over.number / under.number, ("divided_by_another_size", text))
    for size in reversed(found):
        n = size.number
        for sign, also in ((1, ""), (-1, " with the opposite sign")):
            if n == 2 and sign > 0:
                # As likely a 2 that was forgotten as a mean over two.
                known[2.0] = ("doubled", f"is {_FACTORS[2.0]}, and 2 is {size.words} as well")
                known[0.5] = ("halved", f"is {_FACTORS[0.5]}, and 2 is {size.words} as well")
                continue
            text = f"is {n} times the expected one{also}, and {n} is {size.words}: is it a sum and not a mean?"
            known[float(sign * n)] = ("times_n", text)
            text = f"is the expected one divided by {n}{also}, and {n} is {size.words}: is it a mean and not a sum?"
            known[sign / n] = ("divided_by_n", text)
    return known


# ---- element by element ----


def _elementwise(case: Case) -> Iterator[Explanation]:
    got, want = case.got, case.want
    if bool((want < 0).any()):
        yield Explanation("absolute_value", "is the absolute value of the expected one", want.abs(), level=1)
    if not case.exact:
        if bool((want != 0).all()):
            yield Explanation("reciprocal", "is 1 divided by the expected one", 1 / want, level=1)
        yield Explanation("squared", "is the square of the expected one", want * want, level=1)
        if bool((want >= 0).all()):
            yield Explanation("square_root", "is the square root of the expected one", want.sqrt(), level=1)
    if want.numel() < 3:
        return
    difference = got - want
    shift = float(difference.mean())
    text = "differs from the expected one by the same amount everywhere: is something added too often or not at all?"
    yield Explanation("shifted", text, want + shift, level=2, free=_bits(case))
    if want.dim() >= 2 and want.shape[-1] > 1 and want.numel() // want.shape[-1] > 2:
        rows, right = difference.reshape(-1, want.shape[-1]), want.reshape(-1, want.shape[-1])
        text = "differs from the expected one by the same amounts in every row: is a bias missing or not the right one?"
        moved = (right + rows.mean(0)).reshape(want.shape)
        # Rows that are all alike differ by the same amounts from whatever rows that are all alike.
        if float((right - right[0]).abs().max()) > 1e3 * case.precision * float(right.abs().max()):
            yield Explanation("shifted_rows", text, moved, level=3, free=_bits(case) * want.shape[-1])


# ---- other places ----


def _orders(case: Case) -> Iterator[Explanation]:
    want = case.want
    if want.dim() >= 2 and want.mT.shape == want.shape:
        yield Explanation("transposed", "is the expected one transposed: rows and columns are exchanged", want.mT)
    elif want.dim() >= 2 and case.whole:
        text = "has the right numbers in the wrong places: is there a reshape where a transpose is meant?"
        yield Explanation("reshaped", text, want.mT.reshape(want.shape))
        yield Explanation("reshaped", text, want.reshape(want.mT.shape).mT)
    if not case.whole or want.numel() < 3:
        return
    if want.dim() >= 1:
        yield from _rows(case, case.got.reshape(-1, _last(want)), want.reshape(-1, _last(want)))
    if want.dim() >= 2 and want.shape[-1] > 1:
        columns = _in_order(case.got.reshape(-1, want.shape[-1]).T, want.reshape(-1, want.shape[-1]).T)
        if columns is not None:
            free = math.lgamma(want.shape[-1] + 1) / math.log(2)
            text = "has the right columns, in another order"
            yield Explanation("permuted_columns", text, columns.T.reshape(want.shape), level=2, free=free)
    order = case.got.flatten().argsort().argsort()
    anywhere = want.flatten().sort().values[order].reshape(want.shape)
    text = "has the right numbers, but in other places"
    yield Explanation("permuted", text, anywhere, level=4, free=math.lgamma(want.numel() + 1) / math.log(2))


def _last(t: torch.Tensor) -> int:
    return t.shape[-1] if t.dim() > 1 else 1


def _rows(case: Case, got: torch.Tensor, want: torch.Tensor) -> Iterator[Explanation]:
    shape, noun = case.want.shape, "rows" if case.want.dim() > 1 else "elements"
    name = f"permuted_{noun}"
    if len(want) > 2:
        flipped = want.flip(0).reshape(shape)
        yield Explanation("reversed", f"has the right {noun}, in reverse order", flipped, level=1)
    rows = _in_order(got, want)
    if rows is not None:
        free = math.lgamma(len(want) + 1) / math.log(2)
        yield Explanation(name, f"has the right {noun}, in another order", rows.reshape(shape), level=2, free=free)


def _in_order(got: torch.Tensor, want: torch.Tensor) -> torch.Tensor | None:
    """The rows of `want` in the order in which those of `got` are most like them."""
    if not 2 <= len(want) <= MOST_ROWS:
        return None
    # Weights without a pattern of their own: no two rows of random numbers come out alike.
    weights = torch.linspace(1, 2, want.shape[1], dtype=torch.float64).sqrt()
    order = (got @ weights).argsort().argsort()
    return want[(want @ weights).argsort()][order]


# ---- something else that is known ----


def _others(case: Case) -> Iterator[Explanation]:
    shape = case.want.shape
    if case.gradient:
        for name, t in distinct(case.context.gradients, shape):
            text = f"is the right gradient of {name or 'another input'}: are two gradients exchanged?"
            yield Explanation("swapped", text, t)
        for _, t in distinct((("", t) for t in case.context.ignoring), shape):
            text = "is what it would be if every incoming gradient were 1: the incoming gradient is not used"
            yield Explanation("ignores_incoming_gradient", text, t)
    for _, t in distinct((("", t) for t in case.context.earlier), shape):
        text = "is what an earlier call in this check had to give: is something kept from one call to the next?"
        yield Explanation("stale", text, t)


def _inputs(case: Case) -> Iterator[Explanation]:
    want = case.want
    known: list[Named] = []
    for name, t in case.context.inputs[: 2 * MAX_OTHERS]:
        values = values_of(case, t)
        if values is None or not bool(torch.isfinite(values).all()):
            continue
        if values.shape == want.shape:
            known.append((name, values))
        elif not case.exact and want.dim() >= 2 and values.dim() == 1 and values.shape == want.shape[-1:]:
            which = name or "a vector among the inputs"
            yield Explanation("bias_missing", f"is the expected one without {which}", want - values, level=1)
            yield Explanation("bias_twice", f"is the expected one with {which} added twice", want + values, level=1)
    for name, values in distinct(known, want.shape):
        yield Explanation("unchanged", f"is {name or 'one of the inputs of this check'}, unchanged", values)
        if case.exact or not bool(values.any()):
            continue
        if bool((values < 0).any()):
            text = f"is the absolute value of {name or 'an input'}"
            yield Explanation("absolute_value_of_input", text, values.abs(), level=1)
        # A step: every element moves. Where some stay, as in a ReLU, talk of directions would mislead.
        if case.gradient or not bool((values != want).all()):
            continue
        start = name or "its earlier value"
        text = f"moves from {start} in the opposite direction"
        yield Explanation("opposite_direction", text, 2 * values - want, level=1)
        yield from _step(case, values, start)


def _step(case: Case, start: torch.Tensor, name: str) -> Iterator[Explanation]:
    right, made = case.want - start, case.got - start
    size = float((right * right).sum())
    if not size > 0 or case.want.numel() < 3:
        return
    factor = float((right * made).sum()) / size
    if 1e-3 < abs(factor) < 1e3 and abs(factor - 1) > 1e-3:
        text = f"moves from {name} by {factor:.3g} times as much as it should"
        yield Explanation("step_scaled", text, start + factor * right, level=2, free=_bits(case))


# ---- softmax ----


def _softmax(case: Case) -> Iterator[Explanation]:
    got, want = case.got, case.want
    if want.dim() == 0:
        return
    for dim in sorted({-1, -want.dim()}):
        if want.shape[dim] < 2:
            continue
        if bool(((want.sum(dim) - 1).abs() <= 100 * case.precision).all()) and bool((want >= 0).all()):
            text = "is the softmax of the expected one: is softmax applied twice?"
            yield Explanation("softmax_twice", text, want.softmax(dim))
        elif bool(((want.exp().sum(dim) - 1).abs() > 100 * case.precision).any()):  # of log-probabilities it is exp
            text = "is the softmax of the expected one: is there a softmax too many?"
            yield Explanation("softmax_too_many", text, want.softmax(dim))
        text = "is the log-softmax of the expected one: is there a softmax too many?"
        yield Explanation("softmax_too_many", text, want.log_softmax(dim))
        text = "is right once a softmax is applied: is it missing?"
        yield Explanation("softmax_missing", text, want, seen=got.softmax(dim), right=got)
        text = "is right once a log-softmax is applied: is it missing?"
        yield Explanation("softmax_missing", text, want, seen=got.log_softmax(dim), right=got)
    text = "is the exponential of the expected one: is a logarithm missing?"
    yield Explanation("logarithm_missing", text, want.exp())
    if bool((want > 0).all()):
        text = "is the logarithm of the expected one: is there a logarithm too many?"
        yield Explanation("logarithm_too_many", text, want.log())
