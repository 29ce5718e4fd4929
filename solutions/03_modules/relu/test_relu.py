"""Suite of relu. The reference is X where X > 0 and zero elsewhere.

It is computed before each call: afterwards X and grad hold what the submission has left there.
The gradient at exactly 0 is never looked at: maximum, clamp and relu differ there, and all of them are right.
"""

import pytest
import torch

from grader.suite import assert_gradient, assert_unchanged, assert_value


def rectified(X):
    """The values, without a graph."""
    X = X.detach()
    return torch.where(X > 0, X, torch.zeros_like(X))


def away_from_zero(*shape, dtype=torch.float32):
    """Random numbers of both signs, none of them within 0.1 of the corner."""
    X = torch.randn(*shape, dtype=dtype)
    return torch.where(X < 0, X - 0.1, X + 0.1)


def gradients(out, inputs, grad):
    """dL/d(inputs) for dL/d(out) = grad, None where no gradient arrives. Every rung before it has a text."""
    assert isinstance(out, torch.Tensor), "ReLU should return a tensor."
    assert out.shape == grad.shape, f"ReLU returned the shape {tuple(out.shape)} for {tuple(grad.shape)}."
    assert out.requires_grad, "The result is cut off from X: no gradient can flow back."
    return torch.autograd.grad(out, inputs, grad.to(out.dtype), allow_unused=True)


@pytest.mark.points(2)
@pytest.mark.hint("What should come out for -2, for 0 and for 3?")
def test_values(submission):
    """each element becomes the larger one of itself and 0"""
    X = 3 * torch.randn(6, 5)
    X[1, 2] = X[4, 0] = 0.0
    X[2, 3], X[3, 1] = 1e4, -1e4
    expected = rectified(X)
    assert_value(submission.ReLU()(X), expected, of="ReLU()(X)")


@pytest.mark.points(1)
@pytest.mark.depends("test_values")
@pytest.mark.hint("Does your code count on X having a certain number of dimensions?")
def test_any_shape(submission):
    """X may have any shape"""
    relu = submission.ReLU()
    for shape in ((), (7,), (1, 1), (2, 3, 4), (2, 1, 3, 2)):
        # Both signs, so that a single number is seen on both sides of the corner.
        for X in (torch.randn(shape), torch.rand(shape) + 0.1, -torch.rand(shape) - 0.1):
            expected = rectified(X)
            assert_value(relu(X), expected, of=f"The result for X of shape {shape}")
    X = torch.randn(4, 6).T[::2]
    expected = rectified(X)
    assert_value(relu(X), expected, of="The result for a transposed X with every second row")


@pytest.mark.points(1)
@pytest.mark.hint("Which dtype does a tensor get that you make yourself?")
def test_dtype(submission):
    """float32 stays float32, and float64 keeps its full precision"""
    for dtype in (torch.float32, torch.float64):
        # Positive numbers only: what becomes of the others is another check's question. Nothing is rounded in
        # a maximum, so the result is exact.
        X = torch.rand(4, 5, dtype=dtype) + 0.1
        expected = X.clone()
        assert_value(submission.ReLU()(X), expected, of=f"The result for a positive X of {dtype}", rtol=0, atol=0)


@pytest.mark.points(2)
@pytest.mark.hint("Look at X.grad for one positive and for one negative entry of X.")
def test_gradient(submission):
    """the incoming gradient passes where X > 0 and stops where X < 0"""
    X, grad = away_from_zero(6, 5).requires_grad_(), torch.randn(6, 5)
    expected = torch.where(X.detach() > 0, grad, torch.zeros_like(grad))
    (dX,) = gradients(submission.ReLU()(X), (X,), grad)
    assert_gradient(dX, expected, of="dL/dX")


@pytest.mark.points(2)
@pytest.mark.depends("test_gradient")
@pytest.mark.hint("The module is called twice before the first backward. Where does it keep what it needs?")
def test_in_the_middle_of_a_graph(submission):
    """one ReLU works twice in the middle of a computation"""
    relu = submission.ReLU()
    X, W, V, grad = away_from_zero(4, 3), torch.randn(3, 5), torch.randn(5, 2), torch.randn(4, 2)
    ours, theirs = X.clone().requires_grad_(), X.clone().requires_grad_()
    # tanh needs its own result again in its backward. The 0.3 keeps rows without a positive X off the corner.
    hidden = torch.tanh(theirs.clamp(min=0) @ W + 0.3)
    (expected,) = torch.autograd.grad(hidden.clamp(min=0) @ V, theirs, grad)
    (dX,) = gradients(relu(torch.tanh(relu(ours) @ W + 0.3)) @ V, (ours,), grad)
    assert_gradient(dX, expected, of="dL/dX")


@pytest.mark.points(1)
@pytest.mark.hint("Print X before and after the call. Which operations write into the tensor that they are called on?")
def test_input_is_left_alone(submission):
    """X is the same after the call as before"""
    relu, X = submission.ReLU(), torch.randn(5, 4)
    with assert_unchanged(X=X):
        relu(X)


@pytest.mark.points(1)
@pytest.mark.hint("What do isinstance(relu, torch.nn.Module) and list(relu.parameters()) say?")
def test_module_without_parameters(submission):
    """ReLU is a module and has no parameters"""
    relu = submission.ReLU()
    relu(torch.randn(3, 2))
    assert isinstance(relu, torch.nn.Module), "ReLU should be a torch.nn.Module."
    assert len(list(relu.parameters())) == 0, "ReLU has parameters: an optimizer would train them."
