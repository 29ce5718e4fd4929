"""Comparison in rungs: the first that fails is told, with four facts and no hidden value."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

from grader.compare import TOLERANCES, compare, describe, figure, unravel
from grader.suite import Mismatch, assert_gradcheck, assert_gradient, assert_unchanged, assert_value

EXPECTED = torch.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("actual", "message"),
    [
        (None, "The loss is None. Is a `return` missing?"),
        ([1.0], "The loss should be a tensor, but it is a list of length 1."),
        (1.0, "The loss should be a tensor, but it is a float."),
        (EXPECTED.double(), "The loss has dtype float64, expected float32."),
        (EXPECTED.T, "The loss has shape (3, 2), expected (2, 3)."),
        (EXPECTED[None], "The loss has shape (1, 2, 3), expected (2, 3)."),
        (EXPECTED.to("meta"), "The loss is on meta, expected cpu."),
        (EXPECTED / 0, "The loss has 6 of 6 elements that are NaN, the first at [0, 0]."),
        (
            torch.tensor([[0.0, 1, 2], [3, float("inf"), 5]]),
            "The loss has 1 of 6 elements that are infinite, the first at [1, 1].",
        ),
        (
            EXPECTED + 1,
            "The loss has wrong values. All its elements differ; the worst is at [0, 0], off by 1"
            " (1e-05 would be allowed).",
        ),
        (
            EXPECTED + torch.tensor([[0.0, 0, 0], [0, 0, 0.5]]),
            "The loss has wrong values. 1 of its 6 elements differs; the worst is at [1, 2], off by 0.5"
            " (1.65e-05 would be allowed).",
        ),
    ],
)  # fmt: skip
def test_the_first_rung_that_fails_is_told(actual: object, message: str) -> None:
    mismatch = compare(actual, EXPECTED, of="The loss")
    assert mismatch is not None
    assert mismatch.message == message


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_a_difference_inside_the_tolerance_of_the_dtype_is_none(dtype: torch.dtype) -> None:
    rtol, atol = TOLERANCES[dtype]
    expected = torch.tensor([1.0, -2.0, 0.0]).to(dtype)
    assert compare(expected.clone(), expected, of="x") is None
    inside = expected.to(torch.complex128) + 0.5 * (atol + rtol * expected.abs().to(torch.float64))
    assert compare((inside if dtype.is_complex else inside.real).to(dtype), expected, of="x") is None
    assert compare(expected + 10 * (atol + rtol), expected, of="x") is not None


def test_integers_and_booleans_are_compared_exactly() -> None:
    assert compare(torch.tensor([1, 2]), torch.tensor([1, 2]), of="x") is None
    assert compare(torch.tensor([1, 3]), torch.tensor([1, 2]), of="x") is not None
    assert compare(torch.tensor([True]), torch.tensor([False]), of="x") is not None


def test_expected_infinities_and_nans_are_right_where_they_are_expected() -> None:
    expected = torch.tensor([float("inf"), float("-inf"), float("nan")])
    assert compare(expected.clone(), expected, of="x") is None
    assert compare(-expected, expected, of="x") is not None


def test_empty_tensors_agree_when_their_shapes_do() -> None:
    assert compare(torch.empty(0, 3), torch.empty(0, 3), of="x") is None
    assert compare(torch.empty(3, 0), torch.empty(0, 3), of="x") is not None


def test_numbers_stand_for_numbers_and_for_tensors_without_dimensions() -> None:
    assert compare(2.0, 2, of="x") is None
    assert compare(torch.tensor(2.0), 2, of="x") is None
    for wrong, text in (
        (3.0, "x is off by 1;"),
        (torch.tensor([2.0]), "x has shape (1,), expected a tensor without dimensions, ()."),
        ("2", "x should be a number, but it is a str."),
        (True, "x should be a number, but it is a bool."),
        (None, "x should be a number, but it is None."),
        (float("nan"), "x has 1 of 1 elements that are NaN."),
    ):
        mismatch = compare(wrong, 2.0, of="x")
        assert mismatch is not None
        assert mismatch.message.startswith(text)


def test_no_value_of_either_side_is_in_the_text() -> None:
    expected = torch.tensor([123456.5, 2.0])
    mismatch = compare(torch.tensor([654321.5, 2.0]), expected, of="x")
    assert mismatch is not None
    for text in (mismatch.message, mismatch.got, mismatch.expected):
        assert "123456" not in text
        assert "654321" not in text


def test_a_figure_shows_where_and_how_wrong() -> None:
    error = torch.tensor([[0.0, 1.0], [0.3, 0.001]])
    shown = figure(error, error > 0, label="dL/dX")
    assert shown is not None
    assert shown.cells == ((0, 4), (3, 1))
    assert (shown.shape, shown.pooled) == ((2, 2), False)
    assert shown.text == "3 of 4 elements of dL/dX are outside the tolerance."


def test_a_figure_shows_what_is_too_large_and_what_is_too_small() -> None:
    actual, expected = torch.tensor([[1.0, 5.0], [3.0, 0.0]]), torch.tensor([[1.0, 2.0], [4.0, 2.0]])
    mismatch = compare(actual, expected, of="Z")
    assert mismatch is not None
    assert mismatch.figure is not None
    assert mismatch.figure.signs == ((0, 1), (-1, -1))
    assert mismatch.figure.text.endswith("outside the tolerance. 1 too large, 2 too small.")


def test_a_pooled_cell_has_a_sign_where_its_elements_agree() -> None:
    error = torch.zeros(48, 64)
    error[0, 0] = error[47, 63] = error[47, 62] = 1.0
    difference = error.clone()
    difference[47, 62] = -1.0
    shown = figure(error, error > 0, label="x", difference=difference)
    assert shown is not None
    assert (shown.cells[0][0], shown.signs[0][0]) == (4, 1)
    assert (shown.cells[-1][-1], shown.signs[-1][-1]) == (4, 0)


@pytest.mark.parametrize("shape", [(500,), (100, 100), (3, 40, 40), (1, 1000, 2)])
def test_a_large_figure_is_pooled_by_its_worst(shape: tuple[int, ...]) -> None:
    error = torch.zeros(shape)
    error.view(-1)[-1] = 5.0
    shown = figure(error, error > 0, label="x")
    assert shown is not None
    assert shown.pooled
    assert len(shown.cells) <= 24
    assert {len(row) for row in shown.cells} <= set(range(1, 33))
    assert shown.cells[-1][-1] == 4
    assert sum(cell > 0 for row in shown.cells for cell in row) == 1


def test_there_is_no_figure_of_a_number_or_of_nothing() -> None:
    assert figure(torch.tensor(1.0), torch.tensor(True), label="x") is None
    assert figure(torch.empty(0), torch.empty(0) > 0, label="x") is None


def test_descriptions_never_show_contents() -> None:
    assert describe(torch.tensor([7.5])) == "float32 tensor of shape (1,)"
    assert describe(nn.Parameter(torch.zeros(2, 3))) == "float32 Parameter of shape (2, 3)"
    assert describe(torch.zeros((), device="meta")) == "float32 tensor of shape () on meta"
    assert describe("secret") == "a str"
    assert describe([1, 2]) == "a list of length 2"
    assert describe(7) == "an int"
    assert describe(nn.Linear(1, 1)) == "a Linear"


def test_unravel_inverts_flattening() -> None:
    shape = (2, 3, 4)
    flat = torch.arange(24).reshape(shape)
    assert all(int(flat[unravel(i, shape)]) == i for i in range(24))


def test_assert_gradient_says_when_none_arrived() -> None:
    with pytest.raises(Mismatch, match=r"^No gradient arrived: dL/dX is None\.$"):
        assert_gradient(None, torch.ones(2), of="dL/dX")
    assert_gradient(torch.ones(2), torch.ones(2), of="dL/dX")


def test_assert_value_begins_a_sentence_with_a_capital_and_leaves_code_alone() -> None:
    with pytest.raises(Mismatch, match=r"^The loss has"):
        assert_value(torch.ones(2), torch.zeros(2), of="the loss")
    with pytest.raises(Mismatch, match=r"^p\.grad has"):
        assert_value(torch.ones(2), torch.zeros(2), of="p.grad")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.add_(1), r"changes X.*: 2 of its 2 elements have other values now"),
        (lambda t: t.unsqueeze_(0), r"its shape is \(1, 2\) now and was \(2,\)"),
        (lambda t: t.requires_grad_(), r"its requires_grad is True now"),
        (lambda t: setattr(t, "data", t.double()), r"its dtype is torch.float64 now"),
    ],
)
def test_assert_unchanged_names_what_changed(change: object, message: str) -> None:
    X, Y = torch.ones(2), torch.full((2,), float("nan"))  # noqa: N806
    with assert_unchanged(X=X, Y=Y):
        pass
    with pytest.raises(Mismatch, match=message), assert_unchanged(X=X, Y=Y):
        change(X)  # type: ignore[operator]


class Wrong(torch.autograd.Function):
    """x * y with the gradient of y wrong at one place."""

    @staticmethod
    def forward(ctx: object, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, y)  # type: ignore[attr-defined]
        return x * y

    @staticmethod
    def backward(ctx: object, g: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, y = ctx.saved_tensors  # type: ignore[attr-defined]
        to_y = g * x
        to_y[1, 2] *= 3
        return g * y, to_y


def test_gradcheck_names_the_input_and_its_worst_element() -> None:
    torch.manual_seed(0)
    x, y = (torch.randn(2, 3, dtype=torch.double, requires_grad=True) for _ in "xy")
    with pytest.raises(Mismatch) as caught:
        assert_gradcheck(Wrong.apply, (x, y), names=("X", "Y"))
    text = caught.value.message
    assert re.match(r"The gradient of Y does not agree with finite differences: 1 of 6 elements differ, ", text)
    assert "the worst at [1, 2]" in text
    assert caught.value.figure is not None
    assert [cell > 0 for row in caught.value.figure.cells for cell in row] == [False] * 5 + [True]
    assert "tensor(" not in text


def test_gradcheck_names_inputs_by_their_place_among_all_inputs() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, dtype=torch.double)
    y = torch.randn(2, 3, dtype=torch.double, requires_grad=True)
    with pytest.raises(Mismatch, match="gradient of Y"):
        assert_gradcheck(Wrong.apply, (x, y), names=("X", "Y"))


def test_gradcheck_says_when_the_result_is_cut_off_or_nothing() -> None:
    x = torch.ones(2, dtype=torch.double, requires_grad=True)
    with pytest.raises(Mismatch, match="Something on the way detaches it"):
        assert_gradcheck(lambda t: t.detach() * 2, (x,))
    with pytest.raises(Mismatch, match="should be a tensor, but it is None"):
        assert_gradcheck(lambda t: None, (x,))


def test_gradcheck_accepts_what_is_right() -> None:
    x = torch.randn(2, 3, dtype=torch.double, requires_grad=True)
    assert_gradcheck(lambda t: (t * t, t.exp()), (x,))
