"""Suite of linear. The reference is torch's own, which keeps its weight as (out_dim, in_dim).

It is computed before each call and from values that the suite gave to the layer, never from what the layer
says that its weight is: the submission may write into all that it can reach.
"""

import math

import pytest
import torch
from torch.nn import functional

from grader.suite import assert_gradient, assert_unchanged, assert_value


def matrix(layer, in_dim, out_dim):
    """The layer's weight as (in_dim, out_dim), without its graph.

    A layer that stores the transpose has lost the points of test_shapes_and_zero_bias. It goes through the
    other checks, so that one mistake is not charged again and again.
    """
    weight = getattr(layer, "weight", None)
    assert isinstance(weight, torch.Tensor), "layer.weight should be a tensor."
    assert weight.shape in ((in_dim, out_dim), (out_dim, in_dim)), (
        f"layer.weight has the shape {tuple(weight.shape)}, expected ({in_dim}, {out_dim})."
    )
    weight = weight.detach()
    return weight if weight.shape == (in_dim, out_dim) else weight.T


def vector(layer, out_dim):
    """The layer's bias as (out_dim,), without its graph."""
    bias = getattr(layer, "bias", None)
    assert isinstance(bias, torch.Tensor), "layer.bias should be a tensor unless the layer has bias=False."
    assert bias.shape == (out_dim,), f"layer.bias has the shape {tuple(bias.shape)}, expected ({out_dim},)."
    return bias.detach()


def set_weight(layer, in_dim, out_dim):
    """Give the layer a random weight, as training would, and return the suite's copy, (in_dim, out_dim)."""
    W = torch.randn(in_dim, out_dim, dtype=matrix(layer, in_dim, out_dim).dtype)
    weight = layer.weight
    with torch.no_grad():
        weight.copy_(W if weight.shape == W.shape else W.T)
    return W


def set_bias(layer, out_dim, draw=torch.zeros):
    """Give the layer a bias and return the suite's copy, (out_dim,).

    The checks of values, gradients and precision draw it with torch.randn: zeros hide that nobody adds them,
    or that they were rounded. In the others a forgotten bias is not the question.
    """
    bias = draw(out_dim, dtype=vector(layer, out_dim).dtype)
    with torch.no_grad():
        layer.bias.copy_(bias)
    return bias


@pytest.mark.points(1)
@pytest.mark.hint("What does dict(layer.named_parameters()) hold?")
def test_parameters(submission):
    """weight and bias are the layer's parameters"""
    layer = submission.Linear(5, 3)
    assert isinstance(layer, torch.nn.Module), "Linear should be a torch.nn.Module."
    names = {name for name, _ in layer.named_parameters()}
    assert "weight" in names, "weight is not among layer.named_parameters(): an optimizer would never see it."
    assert "bias" in names, "bias is not among layer.named_parameters(): an optimizer would never see it."
    assert len(names) == 2, "The layer has parameters besides weight and bias."


@pytest.mark.points(1)
@pytest.mark.hint("Compare layer.weight.shape and layer.bias with the statement.")
def test_shapes_and_zero_bias(submission):
    """weight is (in_dim, out_dim), bias is (out_dim,) and starts at zero"""
    for in_dim, out_dim in ((5, 3), (2, 7)):
        layer = submission.Linear(in_dim, out_dim)
        weight = layer.weight
        assert isinstance(weight, torch.Tensor), "layer.weight should be a tensor."
        assert weight.shape == (in_dim, out_dim), (
            f"The weight of Linear({in_dim}, {out_dim}) has the shape {tuple(weight.shape)}."
        )
        assert weight.dtype == torch.float32, f"weight has the dtype {weight.dtype}, not float32."
        assert_value(vector(layer, out_dim), torch.zeros(out_dim), of="The bias")


@pytest.mark.points(2)
@pytest.mark.hint("The bias is zero only at first. Where in forward does it come in?")
def test_forward(submission):
    """the result is X times weight plus bias"""
    for in_dim, out_dim, batch in ((5, 3, 4), (2, 6, 7), (3, 4, 1)):
        layer = submission.Linear(in_dim, out_dim)
        W, bias = set_weight(layer, in_dim, out_dim), set_bias(layer, out_dim, torch.randn)
        X = torch.randn(batch, in_dim)
        expected = functional.linear(X, W.T, bias)
        with assert_unchanged(X=X):
            out = layer(X)
        assert_value(out, expected, of=f"Linear({in_dim}, {out_dim})(X)")


@pytest.mark.points(1)
@pytest.mark.hint("Which matrix products of torch accept more, or fewer, than two dimensions?")
def test_leading_dimensions(submission):
    """X may have any number of leading dimensions"""
    layer = submission.Linear(4, 3)
    W, bias = set_weight(layer, 4, 3), set_bias(layer, 3)
    for shape in ((4,), (2, 5, 4), (2, 1, 3, 4)):
        X = torch.randn(shape)
        expected = functional.linear(X, W.T, bias)
        assert_value(layer(X), expected, of=f"The result for X of shape {shape}")


@pytest.mark.points(1)
@pytest.mark.hint("What is layer.bias after Linear(4, 3, bias=False), and what does forward do with it?")
def test_without_bias(submission):
    """bias=False gives a layer whose bias is None"""
    layer = submission.Linear(4, 3, bias=False)
    assert hasattr(layer, "bias"), "The layer has no attribute bias; with bias=False it should be None."
    assert layer.bias is None, "layer.bias should be None when the layer is made with bias=False."
    assert len(list(layer.parameters())) <= 1, "A layer without bias should have one parameter."
    # With one output, too: a dimension of size 1 is one that gets lost unseen.
    for out_dim in (3, 1):
        layer = submission.Linear(4, out_dim, bias=False)
        W, X = set_weight(layer, 4, out_dim), torch.randn(5, 4)
        expected = functional.linear(X, W.T)
        out = layer(X)
        assert_value(out, expected, of=f"The result of Linear(4, {out_dim}, bias=False)")
        assert out.requires_grad, "Without a bias the result is cut off from the weight: no gradient can flow back."


@pytest.mark.points(1)
@pytest.mark.hint("Print layer.weight.std() for Linear(1000, 10) and Linear(10, 1000). Which one should be smaller?")
def test_initial_weight(submission):
    """weight is normal with standard deviation sqrt(init_factor / in_dim)"""
    # 40 000 numbers: their standard deviation has a relative error of 1/sqrt(2 N) = 0.35 %, their mean one of
    # 0.5 % of it, the share below 0.23 %. Each allowance is more than five times that.
    for layer, in_dim, out_dim, init_factor in (
        (submission.Linear(400, 100), 400, 100, 2.0),
        (submission.Linear(100, 400, init_factor=0.5), 100, 400, 0.5),
    ):
        W = matrix(layer, in_dim, out_dim).double()
        std = math.sqrt(init_factor / in_dim)
        made = f"of Linear({in_dim}, {out_dim}, init_factor={init_factor})"
        assert abs(float(W.std()) / std - 1) < 0.03, (
            f"The standard deviation of the weight {made} is {float(W.std()):.4f}, more than 3 % off."
        )
        assert abs(float(W.mean())) < 0.03 * std, f"The mean of the weight {made} is not close to 0."
        share = float((W.abs() < std).double().mean())
        assert abs(share - math.erf(math.sqrt(0.5))) < 0.02, f"The weight {made} is not normally distributed."


@pytest.mark.points(1)
@pytest.mark.hint("Is there a seed in your code?")
def test_each_layer_draws_its_own(submission):
    """two layers get different weights"""
    first, second = submission.Linear(4, 3), submission.Linear(4, 3)
    one, other = matrix(first, 4, 3), matrix(second, 4, 3)
    assert not torch.equal(one, other), "Two layers made one after the other have the same weight."


@pytest.mark.points(1)
@pytest.mark.hint("Is the result connected to the parameters by autograd? What do .data and detach() do to that?")
def test_gradients(submission):
    """gradients reach weight, bias and X"""
    layer = submission.Linear(5, 3)
    W, bias = set_weight(layer, 5, 3).requires_grad_(), set_bias(layer, 3, torch.randn).requires_grad_()
    stored_as_asked = layer.weight.shape == (5, 3)
    X, grad = torch.randn(4, 5, requires_grad=True), torch.randn(4, 3)
    dX, dW, db = torch.autograd.grad(functional.linear(X, W.T, bias), (X, W, bias), grad)
    out = layer(X)
    assert isinstance(out, torch.Tensor), "The layer should return a tensor."
    assert out.shape == grad.shape, f"The layer returned the shape {tuple(out.shape)}, expected {tuple(grad.shape)}."
    assert out.requires_grad, "The result is cut off from X, weight and bias: no gradient can flow back."
    out.backward(grad)
    assert_gradient(layer.weight.grad, dW if stored_as_asked else dW.T, of="dL/dweight")
    assert_gradient(layer.bias.grad, db, of="dL/dbias")
    assert_gradient(X.grad, dX, of="dL/dX")


@pytest.mark.points(1)
@pytest.mark.hint("Which tensors does layer.double() convert, and is there a dtype written into your forward?")
def test_double(submission):
    """after layer.double() it computes in float64"""
    layer = submission.Linear(5, 3)
    layer.double()
    W, bias = set_weight(layer, 5, 3), set_bias(layer, 3, torch.randn)
    X = torch.randn(4, 5, dtype=torch.float64)
    for name, dtype in (("weight", W.dtype), ("bias", bias.dtype)):
        assert dtype == torch.float64, f"{name} has the dtype {dtype} after layer.double()."
    expected = functional.linear(X, W.T, bias)
    # Much tighter than the default for float64: a detour through float32 is off by about 1e-7.
    assert_value(layer(X), expected, of="The result", rtol=1e-12, atol=1e-12)
    layer = submission.Linear(5, 3, bias=False)
    layer.double()
    W = set_weight(layer, 5, 3)
    expected = functional.linear(X, W.T)
    assert_value(layer(X), expected, of="The result without a bias", rtol=1e-12, atol=1e-12)
