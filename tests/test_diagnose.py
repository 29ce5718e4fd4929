"""A mistake is named from its numbers, and noise is not."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from grader.case import MAX_ELEMENTS, Context, thinned
from grader.compare import Compared
from grader.diagnose import diagnose
from grader.sizes import sizes

FLOATS = (torch.float64, torch.float32, torch.float16)
WIDE = (torch.float64, torch.float32)
Maker = Callable[[torch.Tensor, "Case"], torch.Tensor]


class Case:
    """Random tensors of one check: the other inputs' right gradient, the one for ones, an earlier one, inputs."""

    def __init__(self, shape: tuple[int, ...], dtype: torch.dtype, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.want, self.other, self.ones, self.earlier, self.given = (self.draw(*shape, dtype=dtype) for _ in range(5))
        self.X, self.bias = self.draw(7, 5, dtype=dtype), self.draw(*shape[-1:], dtype=dtype)
        self.context = Context(
            inputs=(("X", self.X), ("b", self.bias), ("given", self.given)),
            gradients=(("Y", self.other),),
            ignoring=(self.ones,),
            earlier=(self.earlier,),
        )

    def draw(self, *shape: int, dtype: torch.dtype) -> torch.Tensor:
        # Away from zero and one, so that every transform changes every element.
        t = torch.randn(shape, generator=self.generator, dtype=torch.float64)
        return (t + 0.2 * t.sign()).to(dtype)

    def order(self, size: int) -> torch.Tensor:
        order = torch.randperm(size, generator=self.generator)
        while bool((order == torch.arange(size)).any()):
            order = torch.randperm(size, generator=self.generator)
        return order


def name_of(got: torch.Tensor | None, want: torch.Tensor, context: Context | None = None, **fields: bool) -> str:
    found = diagnose(Compared(got, want, "dL/dX", **fields), context)  # type: ignore[arg-type]
    return found.name if found is not None else ""


TRANSFORMS: list[tuple[str, Maker]] = [
    ("negated", lambda t, c: -t),
    ("doubled", lambda t, c: 2 * t),
    ("halved", lambda t, c: t / 2),
    ("times_n", lambda t, c: 7 * t),
    ("divided_by_n", lambda t, c: t / 7),
    ("times_n", lambda t, c: 35 * t),
    ("times_n", lambda t, c: -7 * t),
    ("divided_by_another_size", lambda t, c: t * 7 / 5),
    ("scaled", lambda t, c: 10 * t),
    ("zero", lambda t, c: torch.zeros_like(t)),
    ("swapped", lambda t, c: c.other.clone()),
    ("ignores_incoming_gradient", lambda t, c: c.ones.clone()),
    ("stale", lambda t, c: c.earlier.clone()),
    ("unchanged", lambda t, c: c.given.clone()),
    ("absolute_value", lambda t, c: t.abs()),
    ("bias_missing", lambda t, c: t - c.bias),
    ("bias_twice", lambda t, c: t + c.bias),
    ("shifted", lambda t, c: t + 0.75),
]
SQUARE: list[tuple[str, Maker]] = [("transposed", lambda t, c: t.mT.clone())]
MATRIX: list[tuple[str, Maker]] = [
    ("permuted_rows", lambda t, c: t[c.order(len(t))]),
    ("permuted_columns", lambda t, c: t[:, c.order(t.shape[1])]),
    ("permuted", lambda t, c: t.flatten()[c.order(t.numel())].reshape(t.shape)),
    ("reshaped", lambda t, c: t.mT.reshape(t.shape)),
    ("shifted_rows", lambda t, c: t + c.draw(t.shape[1], dtype=t.dtype)),
]
FINE: list[tuple[str, Maker]] = [  # what half precision can't tell
    ("scaled", lambda t, c: 0.3719 * t),
    ("reciprocal", lambda t, c: 1 / t),
    ("squared", lambda t, c: t * t),
    ("softmax_too_many", lambda t, c: t.softmax(-1)),
    ("logarithm_missing", lambda t, c: t.exp()),
    ("rounded", lambda t, c: t.half().to(t.dtype)),
]


def cases() -> Iterator[tuple[str, Maker, tuple[int, ...], torch.dtype]]:
    for dtype in FLOATS:
        for shape in ((6, 4), (3, 6, 4), (9, 9)):
            yield from ((name, make, shape, dtype) for name, make in TRANSFORMS)
        yield from ((name, make, shape, dtype) for shape in ((4, 4), (3, 5, 5)) for name, make in SQUARE)
    for dtype in WIDE:
        yield from ((name, make, (6, 4), dtype) for name, make in (*MATRIX, *FINE))


@pytest.mark.parametrize(("name", "make", "shape", "dtype"), list(cases()))
def test_a_transform_is_named(name: str, make: Maker, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    for seed in range(4):
        case = Case(shape, dtype, seed)
        assert name_of(make(case.want, case), case.want, case.context, gradient=True) == name


@pytest.mark.parametrize(("factor", "name", "words"), [
    (7, "times_n", "7 is the number of rows of X"),
    (1 / 7, "divided_by_n", "7 is the number of rows of X"),
    (5, "times_n", "5 is the number of columns of X"),
    (35, "times_n", "35 is the number of elements of X"),
    (6, "times_n", "6 is the number of its own rows"),
    (1 / 24, "divided_by_n", "24 is the number of its own elements"),
    (7 / 5, "divided_by_another_size", "7/5 of the expected one, as if it were divided by the number of columns of X"),
])  # fmt: skip
def test_a_factor_is_put_into_words(factor: float, name: str, words: str) -> None:
    case = Case((6, 4), torch.float32, 3)
    found = diagnose(Compared(case.want * factor, case.want, "dL/dX"), Context(inputs=(("X", case.X),)))
    assert found is not None
    assert found.name == name
    assert words in found.text


def test_a_factor_of_two_is_that_first_of_all() -> None:
    want = Case((2, 4), torch.float32, 3).want
    found = diagnose(Compared(2 * want, want, "dL/dX"))
    assert found is not None
    assert found.name == "doubled"
    assert found.text == "dL/dX is twice the expected one, and 2 is the number of its own rows as well (exactly)."


def test_a_question_comes_after_how_well_it_fits() -> None:
    case = Case((5, 4), torch.float64, 3)
    found = diagnose(Compared(case.other.clone(), case.want, "dL/dX", gradient=True), case.context)
    assert found is not None
    assert found.text == "dL/dX is the right gradient of Y (exactly): are two gradients exchanged?"
    square = Case((4, 4), torch.float64, 3).want
    found = diagnose(Compared(square.T, square, "dL/dX"))
    assert found is not None
    assert found.text == "dL/dX is the expected one transposed (exactly): rows and columns are exchanged."


def test_a_size_that_counts_two_things_is_said_to() -> None:
    (four,) = sizes((4, 4), (("", torch.zeros(4)),))[:1]
    assert (four.number, four.words) == (4, "the number of its own rows and of its own columns")
    assert [s.number for s in sizes((), (("H", torch.zeros(7, 5)), ("Y", torch.zeros(7))))] == [7, 5, 35]


def test_a_number_without_dimensions_is_told_by_known_factors_only() -> None:
    want = torch.tensor(1.2345678)
    context = Context(inputs=(("H", torch.zeros(7, 5)),))
    for factor, name in ((7.0, "times_n"), (-1.0, "negated"), (2.0, "doubled"), (0.0, "zero"), (0.3719, "")):
        assert name_of(want * factor, want, context) == name
    assert name_of(want + 0.5, want, context) == ""


def test_tensors_of_another_shape() -> None:
    t = Case((6, 4), torch.float64, 1).want
    for got, want, name in (
        (t.T, t, "transposed"),
        (t, t.sum(0), "not_summed"),
        (t, t.mean(0), "not_averaged"),
        (t, t.sum(1, keepdim=True), "not_summed"),
        (t, t.sum(), "not_summed"),
        (t, t.mean(), "not_averaged"),
        (t.sum(1), t, "summed_too_much"),
        (t.mean(0), t, "averaged_too_much"),
        (t[None], t, "dimension_of_one"),
        (t.flatten(), t, "reshaped"),
        (t[0].expand(6, 4), t[0], "repeated"),
        (torch.randn(6, 4), t[0], ""),
        (torch.randn(4, 6), t, ""),
    ):
        assert name_of(got, want) == name


def test_no_gradient_at_all() -> None:
    found = diagnose(Compared(None, torch.ones(3), "dL/dX", gradient=True))
    assert found is not None
    assert found.text.startswith("dL/dX is None: `backward` returns None for it")
    assert name_of(None, torch.ones(3)) == ""


def test_softmax_of_probabilities_and_of_scores() -> None:
    case = Case((6, 4), torch.float64, 5)
    scores, right = case.want, case.want.softmax(1)
    assert name_of(right.softmax(1), right) == "softmax_twice"
    assert name_of(scores, right) == "softmax_missing"
    assert name_of(scores, scores.log_softmax(1)) == "softmax_missing"
    assert name_of(scores.softmax(1), scores.log_softmax(1)) == "logarithm_missing"


def test_a_loss_of_scores_and_labels_says_what_was_forgotten() -> None:
    rows = torch.arange(7)
    for seed in range(4):
        generator = torch.Generator().manual_seed(seed)
        scores = torch.rand(7, 5, generator=generator) + 0.1
        labels = torch.randint(5, (7,), generator=generator)
        losses: dict[str, Callable[..., torch.Tensor]] = {
            "softmax_twice": lambda h, y: functional.cross_entropy(h.softmax(1), y),
            "softmax_missing": lambda h, y: -h[rows, y].log().mean(),
            "softmax_over_examples": lambda h, y: -h.log_softmax(0)[rows, y].mean(),
            "logarithm_missing": lambda h, y: -h.softmax(1)[rows, y].mean(),
            "times_n": lambda h, y: functional.cross_entropy(h, y, reduction="sum"),
        }
        context = Context(inputs=(("H", scores), ("Y", labels)))
        want = functional.cross_entropy(scores, labels)
        leaf = scores.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(3 * functional.cross_entropy(leaf, labels), leaf)
        for name, loss in losses.items():
            assert name_of(loss(scores, labels), want, context) == name
            (got,) = torch.autograd.grad(3 * loss(leaf, labels), leaf)
            assert name_of(got, gradient, context, gradient=True) == name


def test_wrong_only_where_an_input_is_zero() -> None:
    X = Case((6, 5), torch.float32, 2).want  # noqa: N806
    X[1, 2] = X[4, 0] = 0
    want = X.abs()
    for instead in (1.0, math.nan, math.inf):
        got = torch.where(X == 0, instead, want)
        found = diagnose(Compared(got, want, "The result"), Context(inputs=(("X", X),)))
        assert found is not None
        assert found.text == "The result is right except where X is exactly 0."
        elsewhere = got.clone()
        elsewhere[0, 0] += 1
        assert name_of(elsewhere, want, Context(inputs=(("X", X),))) == ""


def test_a_step_in_the_opposite_direction_or_too_far() -> None:
    case = Case((3, 4), torch.float32, 4)
    before, gradient = case.want, case.other
    context = Context(inputs=(("", before),))
    right = before - 0.1 * gradient
    assert name_of(before + 0.1 * gradient, right, context) == "opposite_direction"
    assert name_of(before - gradient, right, context) == "step_scaled"
    assert name_of(before.clone(), right, context) == "unchanged"


# ---- nothing is said ----


def test_two_explanations_that_fit_are_none() -> None:
    case = Case((4, 4), torch.float64, 6)
    skew = case.want - case.want.T
    assert name_of(-skew, skew) == ""  # negated and transposed
    symmetric = case.want + case.want.T
    assert name_of(3 * symmetric, symmetric) == "scaled"
    assert name_of(symmetric.T + 1e-3, symmetric) != "transposed"
    both = replace(case.context, gradients=(("Y", case.want.T.clone()),))
    assert name_of(case.want.T.clone(), case.want, both, gradient=True) == ""


@pytest.mark.parametrize("shape", [(1,), (1, 1), (5,), (2, 3)])
def test_equal_elements_tell_no_free_factor_from_a_shift(shape: tuple[int, ...]) -> None:
    assert name_of(torch.full(shape, 1.3719), torch.full(shape, 0.7313)) == ""


def test_what_is_right_is_not_explained() -> None:
    t = Case((4, 4), torch.float32, 1)
    assert name_of(t.want.clone(), t.want, t.context) == ""
    assert name_of(torch.nextafter(t.want, t.want + 1), t.want, t.context) == ""


SHAPES = [(), (1,), (3,), (6,), (1, 1), (2, 2), (4, 4), (6, 5), (1, 6), (2, 3, 3)]
KINDS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "normal": lambda t: t,
    "rectified": lambda t: t.clamp(min=0),
    "whole": lambda t: (3 * t).round(),
    "equal rows": lambda t: t[:1].expand(t.shape) if t.dim() else t,
}


def noise(generator: torch.Generator) -> Iterator[tuple[torch.Tensor, torch.Tensor, Context]]:
    """Wrong tensors of four sorts, each with a context of unrelated tensors: unrelated, partly right, near, uneven."""
    for kind in KINDS.values():
        for shape in SHAPES:
            for dtype in FLOATS:
                for sort in range(4):

                    def draw(
                        shape: tuple[int, ...] = shape, kind: Callable[[torch.Tensor], torch.Tensor] = kind
                    ) -> torch.Tensor:
                        return kind(torch.randn(shape, generator=generator, dtype=torch.float64))

                    want, other = draw(), draw()
                    mask = torch.rand(shape, generator=generator) < 0.5
                    got = (
                        other,
                        torch.where(mask, other, want),
                        want + 0.1 * other,
                        want * (1 + 0.3 * torch.randn(shape, generator=generator)),
                    )[sort]
                    context = Context(
                        inputs=(("X", draw((7, 5))), ("v", draw(shape)), ("Y", torch.arange(7) % 5)),
                        gradients=(("a", draw()), ("b", draw())),
                        ignoring=(draw(),),
                        earlier=(draw(), draw()),
                    )
                    got, want = got.to(dtype), want.to(dtype)
                    # All zeros are all zeros, by chance as well; no noise is left where everything is equal.
                    if bool(got.any()) and not torch.equal(got, want):
                        yield got.clone(), want.clone(), context


def test_noise_has_no_name() -> None:
    generator = torch.Generator().manual_seed(11)
    told, count = [], 0
    for _ in range(3):
        for got, want, context in noise(generator):
            count += 1
            found = diagnose(Compared(got, want, "dL/dX", gradient=True), context)
            if found is not None:
                told.append((found.name, got.shape, got.dtype))
    assert count > 1000
    assert len(told) <= count / 1000, told


# ---- hostile and large ----

HOSTILE = [
    torch.tensor([math.nan, 1.0, 2.0]),
    torch.tensor([math.inf, -math.inf, 0.0]),
    torch.tensor([1e308, -1e308, 1e308], dtype=torch.float64),
    torch.tensor([5e-324, 1e-310, -1e-320], dtype=torch.float64),
    torch.empty(0),
    torch.empty(3, 0, 2),
    torch.empty(2, 3, device="meta"),
    torch.tensor([1 + 2j, 3 - 1j, 0.5j]),
    torch.tensor([True, False, True]),
    torch.tensor([2**62, -(2**62), 7]),
    torch.tensor(3, dtype=torch.uint8),
    torch.zeros(1).expand(10_000_000_000),
    torch.zeros(1, 1).expand(3_000_000, 4_000_000),
    torch.randn(2, 3).to_sparse(),
    torch.zeros((1,) * 20),
    torch.tensor([1.0, 2.0, 3.0]),
    torch.tensor([0.0, 0.0, 0.0]),
    torch.tensor(math.nan),
    torch.tensor([math.pi, math.e, -1.5]).bfloat16(),
]


@pytest.mark.parametrize("want", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("got", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_raise_nothing(got: torch.Tensor, want: torch.Tensor) -> None:
    context = Context(
        inputs=tuple((str(n), t) for n, t in enumerate(HOSTILE[:8])),
        gradients=tuple(("", t) for t in HOSTILE[:12]),
        ignoring=tuple(HOSTILE),
        earlier=tuple(HOSTILE),
    )
    found = diagnose(Compared(got, want, "x", gradient=True), context)
    assert found is None or len(found.text) < 600


def test_large_values_and_tiny_ones_are_told_like_others() -> None:
    for size in (1e300, 1e-300):
        t = Case((4, 3), torch.float64, 8).want * size
        assert name_of(-t, t) == "negated"


@pytest.mark.parametrize("shape", [(3000, 2000), (2000, 2000), (5_000_000,), (50, 60, 900)])
def test_large_tensors_are_thinned_out_and_told_the_same(shape: tuple[int, ...]) -> None:
    t = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    assert thinned(t).numel() <= 2 * MAX_ELEMENTS
    for name, got in (("negated", -t), ("doubled", 2 * t), ("transposed", t.mT if t.dim() > 1 else None)):
        if got is not None and name != "transposed":
            assert name_of(got, t) == name
    if t.dim() == 2:
        assert name_of(t.T, t) == "transposed"


def test_large_scores_with_labels_are_no_obstacle() -> None:
    generator = torch.Generator().manual_seed(3)
    scores, want = (torch.randn(400, 300, generator=generator) for _ in range(2))
    context = Context(inputs=(("H", scores), ("Y", torch.arange(400) % 300)))
    assert name_of(-want, want, context, gradient=True) == "negated"
    assert name_of(scores.clone(), want, context, gradient=True) == "unchanged"


def test_a_large_tensor_takes_little_longer_than_one_that_is_not_thinned_out() -> None:
    def seconds(size: int) -> float:
        generator = torch.Generator().manual_seed(2)
        got, want = (torch.randn(size, size, generator=generator) for _ in range(2))
        context = Context(inputs=(("X", got),), gradients=(("Y", want.T.clone()),), earlier=(got.T.clone(),))
        taken = []
        for _ in range(5):
            started = time.process_time()
            diagnose(Compared(got, want, "x", gradient=True), context)
            taken.append(time.process_time() - started)
        return min(taken)

    # 400 times as many elements.
    assert seconds(4000) < 5 * seconds(200)


def test_no_text_holds_an_expected_value() -> None:
    want = torch.tensor([[123456.5, 2345.25, 77.125], [9876.5, 31415.5, 271.75]], dtype=torch.float64)
    for got in (-want, 6 * want, want + 0.5, want.flip(1), 1 / want):
        found = diagnose(Compared(got, want, "dL/dX"))
        assert found is not None
        assert not any(f"{value:g}"[:4] in found.text for value in want.flatten().tolist())
